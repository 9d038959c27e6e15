// An authenticator for a real API server: it says of a bearer token whose it is, as EKS and GKE would.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "webhook:", err)
		os.Exit(1)
	}
}

func run(arguments []string, input io.Reader, output io.Writer) error {
	var given reviewer
	flags := flag.NewFlagSet("webhook", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "address to serve on; port 0 takes a free one")
	kubeconfig := flags.String("kubeconfig", "", "file to write for --authentication-token-webhook-config-file")
	flags.StringVar(&given.cluster, "cluster", "", "name of the EKS cluster that tokens must be for")
	flags.StringVar(&given.sts, "sts", "", "address of the STS that says who asks; without one EKS tokens are refused")
	flags.StringVar(&given.google, "google", "", "address of the stand-in that issued Google's tokens; without one they are refused")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	// The credentials of the test, whose signature the token must carry: moto checks none.
	given.accessKey, given.secretKey = os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	given.now = time.Now
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", *listen, err)
	}
	address := "http://" + listener.Addr().String()
	if *kubeconfig != "" {
		if err := os.WriteFile(*kubeconfig, []byte(configFor(address)), 0o600); err != nil {
			return fmt.Errorf("writing the kubeconfig: %w", err)
		}
	}
	if err := json.NewEncoder(output).Encode(map[string]string{"address": address}); err != nil {
		return fmt.Errorf("telling the address: %w", err)
	}
	return serve(listener, &given, input)
}

// What the API server reads to find the webhook.
func configFor(address string) string {
	return `apiVersion: v1
kind: Config
clusters:
  - name: webhook
    cluster: { server: "` + address + `" }
users:
  - name: api-server
    user: {}
contexts:
  - name: webhook
    context: { cluster: webhook, user: api-server }
current-context: webhook
`
}

// Serves until SIGTERM or until standard input ends.
func serve(listener net.Listener, handler http.Handler, input io.Reader) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
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
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
