package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// authority signs a certificate for whatever name a client asks for.
type authority struct {
	// Where its own certificate is, in PEM.
	path   string
	key    *ecdsa.PrivateKey
	signed *x509.Certificate
	mu     sync.Mutex
	made   map[string]*tls.Certificate
}

func newAuthority(folder string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the authority's key: %w", err)
	}
	form := certificateForm("Earthdata stand-in authority")
	form.IsCA, form.BasicConstraintsValid = true, true
	form.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	raw, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("signing the authority: %w", err)
	}
	signed, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the authority: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("making %s: %w", folder, err)
	}
	path := filepath.Join(folder, "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o644); err != nil {
		return nil, fmt.Errorf("writing the authority: %w", err)
	}
	return &authority{path: path, key: key, signed: signed, made: map[string]*tls.Certificate{}}, nil
}

func certificateForm(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
	}
}

// TLS on a listener. HTTP/1.1 only: S3 speaks nothing else, and faults end connections.
func (a *authority) over(listener net.Listener) net.Listener {
	return tls.NewListener(listener, &tls.Config{
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			return a.certificate(hello.ServerName)
		},
	})
}

func (a *authority) certificate(name string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if made := a.made[name]; made != nil {
		return made, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	form := certificateForm(name)
	form.KeyUsage, form.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	form.DNSNames = []string{name}
	if name == "" {
		// A client that goes to an address sends no name.
		form.DNSNames, form.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	raw, err := x509.CreateCertificate(rand.Reader, form, a.signed, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	made := &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
	a.made[name] = made
	return made, nil
}
