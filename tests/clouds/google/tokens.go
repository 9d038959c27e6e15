package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// keys are the identities that the stand-in knows: one service account and one person, made anew at each start.
type keys struct {
	private      *rsa.PrivateKey
	id           string
	email        string
	person       string
	clientID     string
	clientSecret string
	refresh      string
}

type token struct {
	email   string
	scope   string
	expires time.Time
}

const cloudScope = "https://www.googleapis.com/auth/cloud-platform"

func newKeys(project string) (keys, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return keys{}, fmt.Errorf("making the service account's key: %w", err)
	}
	return keys{
		private: private, id: random(20), email: "frazil-tests@" + project + ".iam.gserviceaccount.com", person: "person@example.org",
		clientID: random(16) + ".apps.googleusercontent.com", clientSecret: random(16), refresh: "1//" + random(32),
	}, nil
}

func random(length int) string {
	bytes := make([]byte, length)
	_, _ = rand.Read(bytes)
	return hex.EncodeToString(bytes)
}

// A file of application default credentials, of either type.
func (w *world) credentials(kind string) (any, error) {
	switch kind {
	case "service_account":
		der, err := x509.MarshalPKCS8PrivateKey(w.keys.private)
		if err != nil {
			return nil, err
		}
		return object{
			"type": kind, "project_id": w.options.Projects[0], "private_key_id": w.keys.id, "client_email": w.keys.email,
			"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "client_id": "1",
			"token_uri": w.base + "/token", "universe_domain": "googleapis.com",
		}, nil
	case "authorized_user":
		return object{
			"type": kind, "client_id": w.keys.clientID, "client_secret": w.keys.clientSecret, "refresh_token": w.keys.refresh,
			"quota_project_id": w.options.Projects[0], "token_uri": w.base + "/token", "universe_domain": "googleapis.com",
		}, nil
	}
	return nil, fmt.Errorf("there are no credentials of type %q: service_account or authorized_user", kind)
}

func isTokenPath(path string) bool {
	return path == "/" || path == "/token" || path == "/tokeninfo" || path == "/computeMetadata" || strings.HasPrefix(path, "/computeMetadata/")
}

func (w *world) tokenServer(in *http.Request, raw []byte) answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch in.URL.Path {
	case "/token":
		form, err := url.ParseQuery(string(raw))
		if err != nil {
			return grantError("invalid_request", "Could not parse the form.")
		}
		return w.grant(form)
	case "/tokeninfo":
		return w.tokenInfo(in.URL.Query().Get("access_token"))
	}
	return w.metadata(in)
}

func (w *world) grant(form url.Values) answer {
	switch form.Get("grant_type") {
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		claims, err := w.claims(form.Get("assertion"))
		if err != nil {
			return grantError("invalid_grant", err.Error())
		}
		if aud := text(claims, "aud"); aud != w.base+"/token" && aud != "https://oauth2.googleapis.com/token" {
			return grantError("invalid_grant", "Invalid JWT: Failed audience check. The right audience is "+w.base+"/token")
		}
		if text(claims, "scope") == "" {
			return grantError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
		}
		return answered(w.issue(w.keys.email, text(claims, "scope")))
	case "refresh_token":
		if form.Get("client_id") != w.keys.clientID || form.Get("client_secret") != w.keys.clientSecret {
			return grantError("invalid_client", "The OAuth client was not found.")
		}
		if form.Get("refresh_token") != w.keys.refresh {
			return grantError("invalid_grant", "Bad Request")
		}
		return answered(w.issue(w.keys.person, cloudScope))
	}
	return grantError("unsupported_grant_type", "Invalid grant_type: "+form.Get("grant_type"))
}

func (w *world) issue(email, scope string) object {
	made := "ya29.c." + random(24)
	w.tokens[made] = token{email: email, scope: scope, expires: w.now().Add(w.options.TokenLifetime)}
	return object{"access_token": made, "expires_in": int(w.options.TokenLifetime.Seconds()), "token_type": "Bearer", "scope": scope}
}

func grantError(kind, description string) answer {
	given := answered(object{"error": kind, "error_description": description})
	given.status = http.StatusBadRequest
	if kind == "invalid_client" {
		given.status = http.StatusUnauthorized
	}
	return given
}

// The claims of a JWT that the service account's key signed, which holds now and for an hour at most.
func (w *world) claims(assertion string) (object, error) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("Invalid JWT: it has %d parts instead of 3.", len(parts))
	}
	var header, claims object
	for index, into := range []*object{&header, &claims} {
		plain, err := base64.RawURLEncoding.DecodeString(parts[index])
		if err != nil || json.Unmarshal(plain, into) != nil {
			return nil, fmt.Errorf("Invalid JWT: part %d cannot be read.", index+1)
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || text(header, "alg") != "RS256" || rsa.VerifyPKCS1v15(&w.keys.private.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return nil, fmt.Errorf("Invalid JWT Signature.")
	}
	if text(claims, "iss") != w.keys.email {
		return nil, fmt.Errorf("Invalid grant: account not found")
	}
	issued, expires, now := number(claims, "iat"), number(claims, "exp"), int(w.now().Unix())
	if expires <= now || issued > now+60 || expires-issued > 3600 {
		return nil, fmt.Errorf("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.")
	}
	return claims, nil
}

func (w *world) tokenInfo(given string) answer {
	known, is := w.tokens[given]
	if !is || !w.now().Before(known.expires) {
		told := answered(object{"error": "invalid_token", "error_description": "Invalid Value"})
		told.status = http.StatusBadRequest
		return told
	}
	left := known.expires.Sub(w.now())
	return answered(object{
		"azp": "1", "aud": "1", "scope": known.scope, "exp": fmt.Sprint(known.expires.Unix()),
		"expires_in": fmt.Sprint(int(left.Seconds())), "email": known.email, "email_verified": "true", "access_type": "online",
	})
}

// The metadata server of a machine that the service account is attached to.
func (w *world) metadata(in *http.Request) answer {
	header := map[string]string{"Metadata-Flavor": "Google", "Content-Type": "application/text"}
	if in.URL.Path != "/" && in.Header.Get("Metadata-Flavor") != "Google" {
		return answer{status: http.StatusForbidden, header: header, raw: []byte("Missing Metadata-Flavor:Google header.\n")}
	}
	path := strings.TrimPrefix(in.URL.Path, "/computeMetadata/v1/")
	path = strings.Replace(path, "service-accounts/"+w.keys.email+"/", "service-accounts/default/", 1)
	project := w.options.Projects[0]
	plain := map[string]string{
		"/": "computeMetadata/\n", "/computeMetadata": "v1/\n", "": "instance/\nproject/\n",
		"instance/service-accounts/default/email":  w.keys.email,
		"instance/service-accounts/default/scopes": cloudScope + "\n",
		"project/project-id":                       project,
		"project/numeric-project-id":               w.projectNumber(project),
		"universe/universe-domain":                 "googleapis.com",
	}
	asJSON := map[string]func() object{
		"instance/service-accounts/default/token": func() object { return w.issue(w.keys.email, cloudScope) },
		"instance/service-accounts/default/": func() object {
			return object{"aliases": []string{"default"}, "email": w.keys.email, "scopes": []string{cloudScope}}
		},
	}
	if tell, is := asJSON[path]; is {
		given := answered(tell())
		given.header = map[string]string{"Metadata-Flavor": "Google"}
		return given
	}
	if told, is := plain[path]; is {
		return answer{status: http.StatusOK, header: header, raw: []byte(told)}
	}
	return answer{status: http.StatusNotFound, header: header, raw: []byte("Not found\n")}
}

// Who asks: by a token that was issued here, or by a JWT that the service account signed itself.
func (w *world) authenticate(in *http.Request) (string, error) {
	given, isBearer := strings.CutPrefix(in.Header.Get("Authorization"), "Bearer ")
	if !isBearer || given == "" {
		return "", unauthenticated("CREDENTIALS_MISSING", "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.")
	}
	if strings.Count(given, ".") == 2 && !strings.HasPrefix(given, "ya29.") {
		claims, err := w.claims(given)
		if err == nil && (text(claims, "scope") != "" || strings.HasSuffix(text(claims, "aud"), ".googleapis.com/")) {
			return w.keys.email, nil
		}
		return "", unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED", refused)
	}
	known, is := w.tokens[given]
	if !is {
		return "", unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED", refused)
	}
	if !w.now().Before(known.expires) {
		return "", unauthenticated("ACCESS_TOKEN_EXPIRED", refused)
	}
	return known.email, nil
}

const refused = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."

func unauthenticated(reason, message string) *problem {
	return &problem{
		code: http.StatusUnauthorized, status: "UNAUTHENTICATED", reason: "authError", message: message,
		details: []any{object{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}},
	}
}
