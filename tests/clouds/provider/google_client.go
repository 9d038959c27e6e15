package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// googleClient speaks REST to one endpoint that stands for all of Google's hosts.
type googleClient struct {
	endpoint, token string
	http            *http.Client
}

func newGoogleClient() *googleClient {
	return &googleClient{
		endpoint: strings.TrimSuffix(os.Getenv("FRAZIL_GOOGLE_ENDPOINT"), "/"),
		token:    os.Getenv("GOOGLE_OAUTH_ACCESS_TOKEN"),
		http:     &http.Client{Timeout: time.Minute},
	}
}

func (g *googleClient) send(method, path string, body object) (object, error) {
	if g.endpoint == "" {
		return nil, errNoAPI
	}
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequest(method, g.endpoint+path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if g.token != "" {
		request.Header.Set("Authorization", "Bearer "+g.token)
	}
	response, err := g.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		return nil, googleError(response.StatusCode, answer)
	}
	return parseJSON(answer, nil)
}

func googleError(status int, content []byte) error {
	var document struct {
		Error struct {
			Message string `json:"message"`
			Status  string `json:"status"`
		} `json:"error"`
	}
	if json.Unmarshal(content, &document) != nil || document.Error.Message == "" {
		if status == 404 || status == 405 || status == 501 {
			return errNoAPI
		}
		return fmt.Errorf("googleapi: Error %d: %.300s", status, content)
	}
	if status == 404 {
		return fmt.Errorf("%w: %s", errGone, document.Error.Message)
	}
	return &apiError{status: status, code: "googleapi: Error " + fmt.Sprint(status), message: document.Error.Message}
}

// do makes a change and waits for the operation that the answer may be.
func (g *googleClient) do(method, path string, body object) (object, error) {
	answer, err := g.retry(method, path, body)
	if err != nil {
		return nil, err
	}
	for range 1200 {
		at, running := operationPath(answer)
		if at == "" {
			return answer, nil
		}
		if failure := asObject(answer["error"]); failure != nil {
			return nil, operationFailure(failure)
		}
		if !running {
			return answer, nil
		}
		if answer, err = g.send(http.MethodGet, at, nil); err != nil {
			return nil, err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, errors.New("timeout while waiting for an operation of " + path)
}

// retry waits where another operation of the same cluster is under way, as the provider does.
func (g *googleClient) retry(method, path string, body object) (object, error) {
	for tries := 0; ; tries++ {
		answer, err := g.send(method, path, body)
		e, refused := err.(*apiError)
		if !refused || tries == 600 || !strings.Contains(e.message, "incompatible operation") {
			return answer, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// operationPath is where an operation is asked for; "" for an answer that is none.
func operationPath(answer object) (path string, running bool) {
	name := text(answer["name"])
	if answer["operationType"] != nil && answer["status"] != nil {
		link, err := url.Parse(text(answer["selfLink"]))
		if err != nil || link.Path == "" {
			return "", false
		}
		return link.Path, answer["status"] != "DONE"
	}
	if strings.HasPrefix(name, "operations/") || strings.Contains(name, "/operations/") {
		return "/v1/" + name, answer["done"] != true
	}
	return "", false
}

func operationFailure(failure object) error {
	for _, e := range asList(failure["errors"]) {
		return fmt.Errorf("Error waiting for operation: %s: %s", text(asObject(e)["code"]), text(asObject(e)["message"]))
	}
	return fmt.Errorf("Error waiting for operation: %s", text(failure["message"]))
}
