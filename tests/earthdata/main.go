// A stand-in for NASA's Earthdata and for two STAC APIs, under their own names, over TLS on loopback.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// What a run of the stand-in is told.
type options struct {
	// Where the authority's certificate is written.
	Folder string
	// Folders whose files are data, by name.
	Served map[string]string
	// Folder of recorded exchanges; "" for none.
	Recordings string
	Settings   settings
}

func main() {
	given, err := parse(os.Args[1:])
	if err == nil {
		err = serve(given, os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "earthdata:", err)
		os.Exit(1)
	}
}

func parse(arguments []string) (options, error) {
	got := options{Served: map[string]string{}, Settings: usualSettings()}
	flags := flag.NewFlagSet("earthdata", flag.ContinueOnError)
	flags.StringVar(&got.Folder, "folder", "", "where ca.pem is written; a new folder unless said")
	flags.StringVar(&got.Recordings, "recordings", "", "folder of recorded exchanges, whose granules become collections")
	flags.Func("serve", "NAME=FOLDER: files that are data, under /served/NAME/; may be said again", func(text string) error {
		name, folder, two := strings.Cut(text, "=")
		if !two {
			return fmt.Errorf("%q is not NAME=FOLDER", text)
		}
		got.Served[name] = folder
		return nil
	})
	flags.Func("settings", "settings as JSON, as POST /__world/settings takes them; may be said again", func(text string) error {
		return got.Settings.change([]byte(text))
	})
	if err := flags.Parse(arguments); err != nil {
		return got, err
	}
	if got.Folder == "" {
		folder, err := os.MkdirTemp("", "earthdata-")
		if err != nil {
			return got, fmt.Errorf("making a folder for the authority: %w", err)
		}
		got.Folder = folder
	}
	return got, nil
}

// Serves until SIGTERM or until standard input ends, so that a test that is killed leaves no server.
func serve(given options, input io.Reader, output io.Writer) error {
	stood, err := stand(given)
	if err != nil {
		return err
	}
	ends, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, input)
		stop()
	}()
	if err := json.NewEncoder(output).Encode(stood.told); err != nil {
		return fmt.Errorf("telling the addresses: %w", err)
	}
	<-ends.Done()
	stood.close()
	return nil
}

// doors are the listeners of one world, and what their first line tells.
type doors struct {
	world   *world
	told    object
	servers []*http.Server
}

func stand(given options) (*doors, error) {
	made, err := newWorld(given)
	if err != nil {
		return nil, err
	}
	authority, err := newAuthority(given.Folder)
	if err != nil {
		return nil, err
	}
	stood := &doors{world: made}
	secured, plain := newHandedOver(), newHandedOver()
	listeners := []net.Listener{}
	for range 4 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("listening on loopback: %w", err)
		}
		listeners = append(listeners, listener)
	}
	tlsDoor, plainDoor, proxyDoor, controlDoor := listeners[0], listeners[1], listeners[2], listeners[3]
	go stood.serve(made, authority.over(tlsDoor), made.watch)
	go stood.serve(made, authority.over(secured), made.watch)
	go stood.serve(made, plainDoor, made.watch)
	go stood.serve(made, plain, made.watch)
	go stood.serve(&proxy{made, secured, plain}, proxyDoor, made.watch)
	go stood.serve(http.HandlerFunc(made.control), controlDoor, nil)
	stood.told = object{
		"proxy":    "http://" + proxyDoor.Addr().String(),
		"tls":      tlsDoor.Addr().String(),
		"plain":    "http://" + plainDoor.Addr().String(),
		"control":  "http://" + controlDoor.Addr().String() + "/__world",
		"ca":       authority.path,
		"username": firstUser,
		"password": firstPassword,
	}
	return stood, nil
}

func (d *doors) serve(handler http.Handler, on net.Listener, watch func(net.Conn, http.ConnState)) {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 20 * time.Second, ConnContext: withConnection, ConnState: watch,
		// Lines about a client's own going away would only disturb a test's output.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	d.world.mu.Lock()
	d.servers = append(d.servers, server)
	d.world.mu.Unlock()
	_ = server.Serve(on)
}

func (d *doors) close() {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	for _, server := range d.servers {
		_ = server.Close()
	}
}
