package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The user whom the first line tells of.
const (
	firstUser     = "frazil"
	firstPassword = "a password: with a colon"
)

// Most tokens that a user may have at a time.
const mostTokens = 2

// user is somebody with an Earthdata login.
type user struct {
	name, password string
	// Hosts whose application the user has not approved, and whose EULA is not accepted.
	unapproved, withoutEULA []string
}

// token is an EDL bearer token.
type token struct {
	text  string
	user  string
	host  string
	ends  time.Time
	begun time.Time
}

func (w *world) edl(out *answer, in *http.Request) {
	out.Header().Set("X-Request-Id", identifier())
	out.Header().Set("Cache-Control", "no-store")
	switch path := in.URL.Path; {
	case in.Method == http.MethodPost && path == "/api/users/find_or_create_token":
		w.withBasic(out, in, w.findOrCreateToken)
	case in.Method == http.MethodPost && path == "/api/users/token":
		w.withBasic(out, in, w.createToken)
	case in.Method == http.MethodGet && path == "/api/users/tokens":
		w.withBasic(out, in, w.listTokens)
	case in.Method == http.MethodPost && path == "/api/users/revoke_token":
		w.withBasic(out, in, w.revokeToken)
	case in.Method == http.MethodGet && strings.HasPrefix(path, "/api/users/"):
		w.profile(out, in)
	case path == "/profile":
		w.session(out, "")
		out.redirect(http.StatusFound, "https://"+hostOf(in)+"/home")
	case path == "/home":
		w.session(out, "")
		out.html(http.StatusOK, "Earthdata Login", loginForm)
	case path == "/oauth/authorize":
		w.authorize(out, in)
	case in.Method == http.MethodPost && path == "/oauth/token":
		w.exchange(out, in)
	case in.Method == http.MethodPost && path == "/login":
		w.login(out, in)
	case path == "/approve_app":
		w.approve(out, in)
	default:
		out.html(http.StatusNotFound, "Earthdata Login", "<p>The page you were looking for does not exist.</p>")
	}
}

// The user whose Basic credentials a request carries; nil where they are missing or wrong.
func (w *world) basicUser(in *http.Request) *user {
	name, password, has := in.BasicAuth()
	if !has {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if known := w.users[name]; known != nil && known.password == password {
		return known
	}
	return nil
}

func (w *world) withBasic(out *answer, in *http.Request, does func(*answer, *http.Request, *user)) {
	known := w.basicUser(in)
	if known == nil {
		out.json(http.StatusUnauthorized, object{"error": "invalid_credentials", "error_description": "Invalid user credentials"})
		return
	}
	does(out, in, known)
}

// A user's tokens that still hold, oldest first.
func (w *world) tokensOf(name, host string) []*token {
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	found := []*token{}
	for _, one := range w.tokens {
		if one.user == name && one.host == host && one.ends.After(now) {
			found = append(found, one)
		}
	}
	slices.SortFunc(found, func(a, b *token) int { return a.begun.Compare(b.begun) })
	return found
}

func (t *token) told() object {
	return object{"access_token": t.text, "token_type": "Bearer", "expiration_date": t.ends.Format("01/02/2006")}
}

// Hands back a token that is there, even one that ends today.
func (w *world) findOrCreateToken(out *answer, in *http.Request, known *user) {
	if there := w.tokensOf(known.name, hostOf(in)); len(there) > 0 {
		out.json(http.StatusOK, there[0].told())
		return
	}
	out.json(http.StatusOK, w.makeToken(known.name, hostOf(in), w.set().TokenLife).told())
}

func (w *world) createToken(out *answer, in *http.Request, known *user) {
	if len(w.tokensOf(known.name, hostOf(in))) >= mostTokens {
		out.json(http.StatusForbidden, object{"error": "max_token_limit", "error_description": "Max token limit reached"})
		return
	}
	out.json(http.StatusOK, w.makeToken(known.name, hostOf(in), w.set().TokenLife).told())
}

func (w *world) listTokens(out *answer, in *http.Request, known *user) {
	told := []object{}
	for _, one := range w.tokensOf(known.name, hostOf(in)) {
		told = append(told, one.told())
	}
	out.json(http.StatusOK, told)
}

func (w *world) revokeToken(out *answer, in *http.Request, known *user) {
	text := in.FormValue("token")
	w.mu.Lock()
	one := w.tokens[text]
	found := one != nil && one.user == known.name && one.host == hostOf(in)
	if found {
		delete(w.tokens, text)
	}
	w.mu.Unlock()
	if !found {
		out.json(http.StatusNotFound, object{"error": "invalid_token", "error_description": "The token does not exist"})
		return
	}
	w.counters.make("tokens_revoked")
	out.json(http.StatusOK, object{})
}

// Makes a token that holds for some seconds.
func (w *world) makeToken(name, host string, life float64) *token {
	now := w.now()
	made := &token{user: name, host: host, begun: now, ends: now.Add(seconds(life))}
	system := "ops"
	if isUAT(host) {
		system = "uat"
	}
	made.text = w.signed(object{
		"type": "User", "uid": name, "exp": made.ends.Unix(), "iat": now.Unix(), "iss": "https://" + host,
		"identity_provider": "edl_" + system, "acr": "edl", "assurance_level": 3, "jti": identifier(),
	}, "edljwtpubkey_"+system)
	w.mu.Lock()
	w.tokens[made.text] = made
	w.mu.Unlock()
	w.counters.make("tokens")
	return made
}

// A JWT with these claims.
func (w *world) signed(claims object, key string) string {
	head := object{"typ": "JWT", "origin": "Earthdata Login", "sig": key, "alg": "RS256"}
	parts := []string{}
	for _, one := range []object{head, claims} {
		raw, _ := json.Marshal(one)
		parts = append(parts, base64.RawURLEncoding.EncodeToString(raw))
	}
	digest := sha256.Sum256([]byte(strings.Join(parts, ".")))
	signature, err := rsa.SignPKCS1v15(rand.Reader, w.signer, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return strings.Join(append(parts, base64.RawURLEncoding.EncodeToString(signature)), ".")
}

// The claims of a JWT that this world signed, whether it has ended or not; nil for any other text.
func (w *world) claims(text string) object {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&w.signer.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	claims := object{}
	if json.Unmarshal(raw, &claims) != nil {
		return nil
	}
	return claims
}

// Whether a host is of the system for acceptance tests, whose users and tokens are its own.
func isUAT(host string) bool { return slices.Contains(strings.Split(host, "."), "uat") }

// refusal is why a bearer token does not let its holder in.
type refusal struct {
	status int
	body   object
}

// The holder of a bearer token, asked for by an application's host ("" for none), or why it is refused.
func (w *world) holder(text, application string) (*user, *refusal) {
	now := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	found := w.tokens[text]
	if found == nil || application != "" && isUAT(found.host) != isUAT(application) {
		return nil, &refusal{http.StatusUnauthorized, object{"error": "invalid_token", "error_description": "Invalid token"}}
	}
	if !found.ends.After(now) {
		return nil, &refusal{http.StatusUnauthorized, object{"error": "token_expired", "error_description": "The token has expired"}}
	}
	known := w.users[found.user]
	return known, known.hindered(application, found.host)
}

// What a user has to do first before an application lets them in; nil where nothing.
func (u *user) hindered(application, edl string) *refusal {
	page := "https://" + edl + "/approve_app?client_id=" + clientOf(application)
	if slices.Contains(u.withoutEULA, application) {
		return &refusal{http.StatusUnauthorized, object{
			"error": "invalid_token", "status_code": 401, "error_description": "EULA Acceptance Failure", "resolution_url": page,
		}}
	}
	if slices.Contains(u.unapproved, application) {
		return &refusal{http.StatusUnauthorized, object{
			"error": "invalid_token", "status_code": 401, "error_description": "The application has not been approved by the user", "resolution_url": page,
		}}
	}
	return nil
}

// The name under which a host's application is known to EDL, and back.
func clientOf(host string) string { return base64.RawURLEncoding.EncodeToString([]byte(host)) }

func hostOfClient(client string) string {
	raw, err := base64.RawURLEncoding.DecodeString(client)
	if err != nil || roleOf(string(raw)) == "" {
		return ""
	}
	return string(raw)
}

// What EDL tells an application of the holder of a token.
func (w *world) profile(out *answer, in *http.Request) {
	text, bearer := strings.CutPrefix(in.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		out.json(http.StatusUnauthorized, object{"error": "invalid_token", "error_description": "The access token is missing"})
		return
	}
	known, refused := w.holder(text, hostOfClient(in.URL.Query().Get("client_id")))
	if refused != nil {
		out.json(refused.status, refused.body)
		return
	}
	if known.name != strings.TrimPrefix(in.URL.Path, "/api/users/") {
		out.json(http.StatusForbidden, object{"error": "forbidden", "error_description": "The token is another user's"})
		return
	}
	out.json(http.StatusOK, object{
		"uid": known.name, "first_name": "Ice", "last_name": "Watcher", "email_address": known.name + "@example.org", "country": "Norway",
		"user_type": "Application", "affiliation": "Education", "email_verified": true, "user_groups": []any{}, "user_authorized_apps": 24,
	})
}

// Sets EDL's cookie; a session that is somebody's lets them in at authorize.
func (w *world) session(out *answer, name string) {
	mark := strings.ReplaceAll(identifier(), "-", "")
	w.mu.Lock()
	if name != "" {
		w.sessions[mark] = name
	}
	w.mu.Unlock()
	http.SetCookie(out, &http.Cookie{Name: "_urs-gui_session", Value: mark, Path: "/", HttpOnly: true, Expires: w.now().Add(24 * time.Hour)})
}

// The page that a refusal names: asking for it approves the application and accepts its EULA.
func (w *world) approve(out *answer, in *http.Request) {
	known := w.basicUser(in)
	application := hostOfClient(in.URL.Query().Get("client_id"))
	if known == nil || application == "" {
		out.html(http.StatusOK, "Earthdata Login", loginForm)
		return
	}
	w.mu.Lock()
	other := func(host string) bool { return host == application }
	known.unapproved = slices.DeleteFunc(known.unapproved, other)
	known.withoutEULA = slices.DeleteFunc(known.withoutEULA, other)
	w.mu.Unlock()
	out.html(http.StatusOK, "Earthdata Login", "<p>The application is approved.</p>")
}

const loginForm = `<form id="login" action="/login" accept-charset="UTF-8" method="post">
<input type="text" name="username" id="username"><input type="password" name="password" id="password">
<input type="hidden" name="client_id" id="client_id"><input type="hidden" name="redirect_uri" id="redirect_uri">
<input type="submit" name="commit" value="Log in">
</form>`

// Where an application sends somebody to log in: to EDL, and from there back to where they wanted to go.
func (w *world) authorizeAddress(host, path, agent string) string {
	edl := "urs.earthdata.nasa.gov"
	address := "https://" + edl + "/oauth/authorize?client_id=" + clientOf(host) + "&response_type=code&redirect_uri=" +
		url.QueryEscape("https://"+host+"/login") + "&state=" + url.QueryEscape(path)
	if !strings.HasPrefix(agent, "Mozilla") {
		address += "&app_type=401"
	}
	return address
}
