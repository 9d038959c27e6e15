package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// awsClient speaks the protocols of AWS to one endpoint. The signature is only of the right form:
// the stand-in reads the service and the region from it.
type awsClient struct {
	endpoint, region, account, key string
	http                           *http.Client
}

func newAWSClient(region string) *awsClient {
	key := os.Getenv("AWS_ACCESS_KEY_ID")
	if key == "" {
		key = "testing"
	}
	return &awsClient{
		endpoint: strings.TrimSuffix(os.Getenv("AWS_ENDPOINT_URL"), "/"),
		region:   region,
		key:      key,
		http:     &http.Client{Timeout: time.Minute},
	}
}

// apiError is an answer of an API that says no.
type apiError struct {
	status        int
	code, message string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("api error %s (%d): %s", e.code, e.status, e.message)
}

// gone are the codes by which services say that something does not exist.
func (e *apiError) gone() bool {
	for _, part := range []string{"NotFound", "NoSuch", "ResourceNotFoundException", "DoesNotExist", "RepositoryNotFoundException"} {
		if strings.Contains(e.code, part) {
			return true
		}
	}
	return false
}

func (a *awsClient) send(service, method, path string, header http.Header, body []byte) ([]byte, error) {
	if a.endpoint == "" {
		return nil, errNoAPI
	}
	request, err := http.NewRequest(method, a.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	now := time.Now().UTC()
	scope := fmt.Sprintf("%s/%s/%s/%s/aws4_request", a.key, now.Format("20060102"), a.region, service)
	request.Header.Set("X-Amz-Date", now.Format("20060102T150405Z"))
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+scope+", SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64))
	response, err := a.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		return nil, awsError(response, method, content)
	}
	return content, nil
}

func awsError(response *http.Response, method string, content []byte) error {
	e := &apiError{status: response.StatusCode}
	var document struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"`
		Upper   string `json:"Message"`
	}
	if json.Unmarshal(content, &document) == nil {
		e.code, e.message = document.Type+document.Code, document.Message+document.Upper
		if header := response.Header.Get("X-Amzn-Errortype"); header != "" {
			e.code = header
		}
	} else if root, err := parseXML(content); err == nil {
		if code := root.find("Code"); code != nil {
			e.code = code.text
		}
		if message := root.find("Message"); message != nil {
			e.message = message.text
		}
	}
	if i := strings.LastIndex(e.code, "#"); i >= 0 {
		e.code = e.code[i+1:]
	}
	switch {
	case e.code == "" && method == http.MethodHead && e.status == 404:
		return errGone
	case e.code == "" || strings.Contains(e.code, "NotImplemented"), e.code == "UnknownOperationException", e.code == "InvalidAction":
		if e.status == 400 {
			return fmt.Errorf("%d: %.300s", e.status, content)
		}
		return errNoAPI
	}
	return e
}

// goneAs makes errGone of a refusal that says so.
func goneAs(err error) error {
	if e, ok := err.(*apiError); ok && e.gone() {
		return fmt.Errorf("%w: %s", errGone, e.Error())
	}
	return err
}

var apiVersions = map[string]string{
	"ec2": "2016-11-15", "iam": "2010-05-08", "sts": "2011-06-15", "elasticloadbalancing": "2015-12-01", "autoscaling": "2011-01-01",
}

// query calls an API of the form kind: EC2, IAM, STS.
func (a *awsClient) query(service, action string, params url.Values) (*node, error) {
	form := url.Values{"Action": {action}, "Version": {apiVersions[service]}}
	for name, values := range params {
		form[name] = values
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	content, err := a.send(service, http.MethodPost, "/", header, []byte(form.Encode()))
	if err != nil {
		return nil, err
	}
	return parseXML(content)
}

// target calls an API of the JSON kind by its target: ECR, CloudWatch Logs, KMS, Budgets.
func (a *awsClient) target(service, target string, body object) (object, error) {
	content, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {target}}
	return parseJSON(a.send(service, http.MethodPost, "/", header, content))
}

// rest calls an API of the REST and JSON kind: EKS, EFS.
func (a *awsClient) rest(service, method, path string, body object) (object, error) {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	return parseJSON(a.send(service, method, path, http.Header{"Content-Type": {"application/json"}}, content))
}

func parseJSON(content []byte, err error) (object, error) {
	if err != nil {
		return nil, err
	}
	out := object{}
	if len(bytes.TrimSpace(content)) == 0 {
		return out, nil
	}
	return out, json.Unmarshal(content, &out)
}

// node is an XML element.
type node struct {
	name, text string
	children   []*node
}

func parseXML(content []byte) (*node, error) {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	root := &node{}
	stack := []*node{root}
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			made := &node{name: t.Name.Local}
			top.children = append(top.children, made)
			stack = append(stack, made)
		case xml.EndElement:
			top.text = strings.TrimSpace(top.text)
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(t)
		}
	}
	if len(root.children) == 0 {
		return root, nil
	}
	return root.children[0], nil
}

// find is the first element of a name at any depth.
func (n *node) find(name string) *node {
	for _, child := range n.children {
		if child.name == name {
			return child
		}
		if found := child.find(name); found != nil {
			return found
		}
	}
	return nil
}

// all are the elements at a path: "vpcSet.item".
func (n *node) all(path string) []*node {
	if n == nil {
		return nil
	}
	first, rest, more := strings.Cut(path, ".")
	var out []*node
	for _, child := range n.children {
		if child.name != first {
			continue
		}
		if more {
			out = append(out, child.all(rest)...)
		} else {
			out = append(out, child)
		}
	}
	return out
}

func (n *node) at(path string) string {
	if found := n.all(path); len(found) > 0 {
		return found[0].text
	}
	return ""
}

// maybe is the text at a path, or nil where there is none.
func (n *node) maybe(path string) any {
	if found := n.all(path); len(found) > 0 {
		return found[0].text
	}
	return nil
}

func (n *node) texts(path string) []any {
	out := []any{}
	for _, found := range n.all(path) {
		out = append(out, found.text)
	}
	return out
}

// tags reads a list of key and value elements.
func (n *node) tags(path, key, value string) map[string]string {
	out := map[string]string{}
	for _, found := range n.all(path) {
		out[found.at(key)] = found.at(value)
	}
	return out
}
