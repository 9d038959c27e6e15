package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A real API server asks the webhook and lets in whom it names.
func TestARealAPIServerTakesItsWord(t *testing.T) {
	google := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		if in.URL.Query().Get("access_token") != "ya29.right" {
			out.WriteHeader(http.StatusBadRequest)
		}
		_, _ = out.Write([]byte(`{"email": "one@example.org", "scope": "https://www.googleapis.com/auth/cloud-platform"}`))
	}))
	defer google.Close()
	webhook := httptest.NewServer(&reviewer{google: google.URL, now: time.Now})
	defer webhook.Close()
	address := startAPIServer(t, webhook.URL)
	for token, want := range map[string]int{"ya29.right": http.StatusOK, "ya29.wrong": http.StatusUnauthorized} {
		if status, text := get(t, address+"/api/v1/namespaces/default/secrets", token); status != want {
			t.Errorf("%s: %d %s", token, status, text)
		}
	}
}

func startAPIServer(t *testing.T, webhook string) string {
	tools := os.Getenv("FRAZIL_TEST_TOOLS")
	if tools == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skip("skipped: no cache folder for the Kubernetes of the tests, and FRAZIL_TEST_TOOLS names none")
		}
		tools = filepath.Join(cache, "frazil-tests", "bin")
	}
	folder := t.TempDir()
	config := filepath.Join(folder, "webhook.kubeconfig")
	write(t, config, []byte(configFor(webhook)))
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(folder, "accounts.key")
	write(t, keys, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	client, peer, port := freePort(t), freePort(t), freePort(t)
	etcd := fmt.Sprintf("http://127.0.0.1:%d", client)
	startProgram(t, tools, "etcd", "--data-dir", filepath.Join(folder, "etcd"), "--listen-client-urls", etcd,
		"--advertise-client-urls", etcd, "--listen-peer-urls", fmt.Sprintf("http://127.0.0.1:%d", peer), "--unsafe-no-fsync",
		"--initial-advertise-peer-urls", fmt.Sprintf("http://127.0.0.1:%d", peer), "--initial-cluster", fmt.Sprintf("default=http://127.0.0.1:%d", peer))
	startProgram(t, tools, "kube-apiserver", "--etcd-servers", etcd, "--bind-address", "127.0.0.1", "--secure-port", fmt.Sprint(port),
		"--cert-dir", folder, "--service-cluster-ip-range", "10.96.0.0/16", "--authorization-mode", "RBAC",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", keys, "--service-account-signing-key-file", keys,
		"--endpoint-reconciler-type", "none", "--authentication-token-webhook-config-file", config,
		"--authentication-token-webhook-version", "v1", "--authentication-token-webhook-cache-ttl", "0s")
	address := fmt.Sprintf("https://127.0.0.1:%d", port)
	for until := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if status, text := get(t, address+"/readyz", "ya29.right"); status == http.StatusOK {
			return address
		} else if time.Now().After(until) {
			t.Fatalf("the API server does not get ready: %d %s", status, text)
		}
	}
}

func startProgram(t *testing.T, tools, name string, arguments ...string) {
	path := filepath.Join(tools, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s in %s: tests/tools.sh builds it", name, tools)
	}
	program := exec.Command(path, arguments...)
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = program.Process.Kill()
		_ = program.Wait()
	})
}

func get(t *testing.T, address, token string) (int, string) {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		// The API server made its certificate up itself, for this test.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

func freePort(t *testing.T) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func write(t *testing.T, path string, data []byte) {
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
