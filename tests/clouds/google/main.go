// A stand-in for the part of Google Cloud's REST APIs that a hub needs, on one loopback address.
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
	Listen          string
	Projects        []string
	BillingAccount  string
	ClusterEndpoint string
	ClusterCA       []byte
	Polls           int
	MaxPage         int
	TokenLifetime   time.Duration
	FewServices     bool
}

func main() {
	options, err := parse(os.Args[1:])
	if err == nil {
		err = serve(options, os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "google:", err)
		os.Exit(1)
	}
}

func parse(arguments []string) (options, error) {
	var got options
	flags := flag.NewFlagSet("google", flag.ContinueOnError)
	flags.StringVar(&got.Listen, "listen", "127.0.0.1:0", "address to serve on; port 0 takes a free one")
	projects := flags.String("projects", "frazil-test", "ids of the projects that exist, with commas between")
	flags.StringVar(&got.BillingAccount, "billing-account", "012345-6789AB-CDEF01", "the account that pays for them")
	flags.StringVar(&got.ClusterEndpoint, "cluster-endpoint", "203.0.113.10", "endpoint of every cluster, without scheme")
	authority := flags.String("cluster-ca", "", "file with the PEM certificate of every cluster's authority")
	flags.IntVar(&got.Polls, "polls", 1, "reads until an operation is done; 0: done at once")
	flags.IntVar(&got.MaxPage, "max-page", 500, "most members in one page of a list")
	flags.DurationVar(&got.TokenLifetime, "token-lifetime", time.Hour, "how long an access token holds")
	flags.BoolVar(&got.FewServices, "few-services", false, "only the APIs that a new project has are enabled")
	if err := flags.Parse(arguments); err != nil {
		return got, err
	}
	got.Projects = strings.Split(*projects, ",")
	if *authority != "" {
		pem, err := os.ReadFile(*authority)
		if err != nil {
			return got, fmt.Errorf("reading the clusters' authority: %w", err)
		}
		got.ClusterCA = pem
	}
	return got, nil
}

// Serves until SIGTERM or until standard input ends, so that a test that is killed leaves no server.
func serve(options options, input io.Reader, output io.Writer) error {
	listener, err := net.Listen("tcp", options.Listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", options.Listen, err)
	}
	base := "http://" + listener.Addr().String()
	world, err := newWorld(options, base)
	if err != nil {
		return err
	}
	// Lines about a client's own going away would only disturb a test's output.
	server := &http.Server{Handler: world, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	ends, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, input)
		stop()
	}()
	go func() {
		<-ends.Done()
		_ = server.Close()
	}()
	if err := json.NewEncoder(output).Encode(map[string]string{"address": base}); err != nil {
		return fmt.Errorf("telling the address: %w", err)
	}
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
