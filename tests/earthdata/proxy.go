package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync"
)

// proxy is what clients have in HTTPS_PROXY and HTTP_PROXY: whatever host they ask for, they get this
// world's. A name that is not of this world is refused: no test leaves the machine.
type proxy struct {
	world          *world
	secured, plain *handedOver
}

func (p *proxy) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	if in.Method != http.MethodConnect {
		p.world.ServeHTTP(out, in)
		return
	}
	host, port, err := net.SplitHostPort(in.Host)
	if err != nil || roleOf(host) == "" {
		http.Error(out, fmt.Sprintf("the stand-in has no host %q", in.Host), http.StatusBadGateway)
		return
	}
	hijacker, can := out.(http.Hijacker)
	if !can {
		http.Error(out, "the connection cannot be taken over", http.StatusInternalServerError)
		return
	}
	connection, buffered, err := hijacker.Hijack()
	if err != nil {
		return
	}
	if buffered.Reader.Buffered() > 0 {
		_ = connection.Close()
		return
	}
	if _, err := connection.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
		_ = connection.Close()
		return
	}
	to := p.secured
	if port == "80" {
		to = p.plain
	}
	to.give(connection)
}

// handedOver is a listener whose connections come from the proxy.
type handedOver struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func newHandedOver() *handedOver {
	return &handedOver{connections: make(chan net.Conn), closed: make(chan struct{})}
}

func (h *handedOver) give(connection net.Conn) {
	select {
	case h.connections <- connection:
	case <-h.closed:
		_ = connection.Close()
	}
}

func (h *handedOver) Accept() (net.Conn, error) {
	select {
	case connection := <-h.connections:
		return connection, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handedOver) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

func (h *handedOver) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

type connectionKey struct{}

func withConnection(under context.Context, connection net.Conn) context.Context {
	return context.WithValue(under, connectionKey{}, connection)
}

func connectionOf(in *http.Request) net.Conn {
	connection, _ := in.Context().Value(connectionKey{}).(net.Conn)
	return connection
}

// Ends a connection with a reset instead of a goodbye.
func reset(connection net.Conn) {
	inner := connection
	if secured, is := inner.(*tls.Conn); is {
		inner = secured.NetConn()
	}
	if lingering, can := inner.(interface{ SetLinger(int) error }); can {
		_ = lingering.SetLinger(0)
	}
	_ = inner.Close()
}
