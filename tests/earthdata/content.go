package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"sync"
)

// Bytes of a made-up file come from one of sixteen endless streams, but for the last few, which are the
// file's own. So a checksum needs only the stream's state at a mark before the end, and twelve thousand
// checksums cost no gigabytes.
const (
	streamCount = 16
	ownBytes    = 4096
	markEvery   = 64 << 10
)

// content is a made-up file's bytes: which stream it begins with, its own number, its size in bytes.
type content struct {
	seed   uint64
	number uint64
	size   int64
}

func (c content) shared() int64 { return max(0, c.size-ownBytes) }

// Fills a buffer with the bytes from an offset on; io.EOF behind the end.
func (c content) ReadAt(into []byte, from int64) (int, error) {
	if from >= c.size {
		return 0, io.EOF
	}
	count := int(min(int64(len(into)), c.size-from))
	into = into[:count]
	if shared := c.shared(); from < shared {
		part := into[:min(int64(count), shared-from)]
		fill(part, c.seed, c.number%streamCount, 0, from)
		from += int64(len(part))
		into = into[len(part):]
	}
	if len(into) > 0 {
		fill(into, c.seed, c.number, 1, from-c.shared())
	}
	return count, nil
}

// Writes the bytes of a keyed stream from an offset on: AES in counter mode.
func fill(into []byte, seed, number, kind uint64, from int64) {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	binary.BigEndian.PutUint64(key[8:], number)
	binary.BigEndian.PutUint64(key[16:], kind)
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	var counter [aes.BlockSize]byte
	binary.BigEndian.PutUint64(counter[8:], uint64(from/aes.BlockSize))
	stream := cipher.NewCTR(block, counter[:])
	if skip := from % aes.BlockSize; skip > 0 {
		stream.XORKeyStream(make([]byte, skip), make([]byte, skip))
	}
	clear(into)
	stream.XORKeyStream(into, into)
}

func newHash(algorithm string) hash.Hash {
	switch algorithm {
	case "MD5":
		return md5.New()
	case "SHA-512":
		return sha512.New()
	default:
		return sha256.New()
	}
}

// streams keeps the states of hashes at the marks of each stream, and the checksums that were asked for.
type streams struct {
	mu    sync.Mutex
	marks map[streamKey]*marked
	sums  map[summed]string
}

// What follows from seeds alone is the same in every world.
var everyStream = &streams{marks: map[streamKey]*marked{}, sums: map[summed]string{}}

type summed struct {
	of        content
	algorithm string
}

type streamKey struct {
	seed, stream uint64
	algorithm    string
}

type marked struct {
	mu sync.Mutex
	// The state after so many marks.
	states [][]byte
}

// The checksum of a file, in hexadecimal.
func (s *streams) sum(of content, algorithm string) string {
	key := streamKey{of.seed, of.number % streamCount, algorithm}
	s.mu.Lock()
	text, known := s.sums[summed{of, algorithm}]
	kept := s.marks[key]
	if kept == nil {
		kept = &marked{}
		s.marks[key] = kept
	}
	s.mu.Unlock()
	if known {
		return text
	}
	mark := of.shared() / markEvery
	hashed := restored(key.algorithm, kept.at(key, int(mark)))
	rest := make([]byte, of.size-mark*markEvery)
	_, _ = of.ReadAt(rest, mark*markEvery)
	hashed.Write(rest)
	text = hex.EncodeToString(hashed.Sum(nil))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sums[summed{of, algorithm}] = text
	return text
}

// The state at a mark; states up to it are made where they are not there yet.
func (m *marked) at(key streamKey, mark int) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.states) == 0 {
		m.states = append(m.states, stateOf(newHash(key.algorithm)))
	}
	hashed := restored(key.algorithm, m.states[len(m.states)-1])
	buffer := make([]byte, markEvery)
	for len(m.states) <= mark {
		fill(buffer, key.seed, key.stream, 0, int64(len(m.states)-1)*markEvery)
		hashed.Write(buffer)
		m.states = append(m.states, stateOf(hashed))
	}
	return m.states[mark]
}

func stateOf(hashed hash.Hash) []byte {
	state, err := hashed.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic(err)
	}
	return state
}

func restored(algorithm string, state []byte) hash.Hash {
	made := newHash(algorithm)
	if err := made.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		panic(err)
	}
	return made
}
