package main

import (
	"net/http"
	"net/url"
	"strings"
)

// Agents that EDL knows for programs and so challenges instead of showing them its form.
var programs = []string{"curl", "wget", "python-requests", "python-urllib", "earthaccess", "libcurl", "gdal"}

func isProgram(agent string) bool {
	for _, known := range programs {
		if strings.HasPrefix(strings.ToLower(agent), known) {
			return true
		}
	}
	return false
}

// OAuth's first step: whoever is logged in, by Basic credentials or EDL's cookie, goes back with a code.
func (w *world) authorize(out *answer, in *http.Request) {
	query := in.URL.Query()
	application := hostOfClient(query.Get("client_id"))
	back, err := url.Parse(query.Get("redirect_uri"))
	if application == "" || err != nil || back.Host != application || query.Get("response_type") != "code" {
		out.json(http.StatusBadRequest, object{"error": "invalid_request", "error_description": "The client or its address is not known"})
		return
	}
	known := w.basicUser(in)
	if known == nil {
		if cookie, err := in.Cookie("_urs-gui_session"); err == nil {
			w.mu.Lock()
			known = w.users[w.sessions[cookie.Value]]
			w.mu.Unlock()
		}
	}
	if known == nil {
		w.challenge(out, in, query.Get("app_type") == "401")
		return
	}
	w.session(out, known.name)
	answered := url.Values{}
	w.mu.Lock()
	if hindered := known.hindered(application, hostOf(in)); hindered != nil {
		answered.Set("error", "access_denied")
		answered.Set("error_msg", hindered.body["error_description"].(string))
		answered.Set("resolution_url", hindered.body["resolution_url"].(string))
	} else {
		code := strings.ReplaceAll(identifier(), "-", "")
		w.codes[code] = known.name
		answered.Set("code", code)
	}
	w.mu.Unlock()
	if state := query.Get("state"); state != "" {
		answered.Set("state", state)
	}
	back.RawQuery = answered.Encode()
	out.redirect(http.StatusFound, back.String())
}

// What somebody gets who is not logged in: a challenge where a program asks, else a page that says 200.
func (w *world) challenge(out *answer, in *http.Request, asked bool) {
	_, _, tried := in.BasicAuth()
	if !asked && !tried && !isProgram(in.UserAgent()) {
		w.session(out, "")
		out.html(http.StatusOK, "Earthdata Login", loginForm)
		return
	}
	host := hostOf(in)
	out.Header().Set("WWW-Authenticate", `Basic realm="Please enter your Earthdata Login credentials. If you do not have a Earthdata Login, create one at https://`+host+`//users/new"`)
	out.Header().Set("Content-Type", "text/plain; charset=utf-8")
	out.whole(http.StatusUnauthorized, []byte("HTTP Basic: Access denied.\n"))
}

// OAuth's second step, between the application and EDL.
func (w *world) exchange(out *answer, in *http.Request) {
	if _, _, has := in.BasicAuth(); !has || in.FormValue("grant_type") != "authorization_code" {
		out.json(http.StatusUnauthorized, object{"error": "invalid_client"})
		return
	}
	name, known := w.spend(in.FormValue("code"))
	if !known {
		out.json(http.StatusBadRequest, object{"error": "invalid_grant"})
		return
	}
	made := w.makeToken(name, hostOf(in), 3600)
	out.json(http.StatusOK, object{
		"access_token": made.text, "token_type": "Bearer", "expires_in": 3600, "refresh_token": identifier(), "endpoint": "/api/users/" + name,
	})
}

// Whose code it is; a code is good once.
func (w *world) spend(code string) (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name, known := w.codes[code]
	delete(w.codes, code)
	return name, known
}

// The form of EDL's page.
func (w *world) login(out *answer, in *http.Request) {
	w.mu.Lock()
	known := w.users[in.FormValue("username")]
	w.mu.Unlock()
	if known == nil || known.password != in.FormValue("password") {
		out.html(http.StatusOK, "Earthdata Login", "<p>Invalid username or password</p>"+loginForm)
		return
	}
	w.session(out, known.name)
	out.redirect(http.StatusFound, "https://"+hostOf(in)+"/profile")
}

// OAuth's last step at the application: the code becomes the application's own cookie.
func (w *world) callback(out *answer, in *http.Request) {
	query := in.URL.Query()
	if query.Get("error") != "" {
		why := query.Get("error_msg")
		if why == "" {
			why = query.Get("error")
		}
		page := query.Get("resolution_url")
		out.html(http.StatusUnauthorized, "Could Not Login", "<p>An error occurred while trying to log into URS: "+why+`. <a href="`+page+`">`+page+"</a></p>")
		return
	}
	name, known := w.spend(query.Get("code"))
	if !known {
		out.html(http.StatusUnauthorized, "Could Not Login", "<p>No Code</p>")
		return
	}
	w.admit(out, name)
	state := query.Get("state")
	if !strings.HasPrefix(state, "/") {
		state = "/"
	}
	status := http.StatusMovedPermanently
	if out.role == roleCumulus {
		status = http.StatusTemporaryRedirect
	}
	out.redirect(status, "https://"+hostOf(in)+state)
}

// The cookie by which a data host knows a user again. Its life is that of the user's tokens at most.
const sessionCookie = "asf-urs"

func (w *world) admit(out *answer, name string) {
	life := min(86400, w.set().TokenLife)
	value := w.signed(object{"urs-user-id": name, "exp": w.now().Add(seconds(life)).Unix(), "host": hostOf(out.in)}, "egress")
	http.SetCookie(out, &http.Cookie{Name: sessionCookie, Value: value, Path: "/", MaxAge: int(max(1, life)), Secure: true})
}

// The user that a data host's cookie names; nil where there is none or it has ended.
func (w *world) cookieUser(in *http.Request) *user {
	cookie, err := in.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	claims := w.claims(cookie.Value)
	ends, _ := claims["exp"].(float64)
	if claims["host"] != hostOf(in) || int64(ends) <= w.now().Unix() {
		return nil
	}
	name, _ := claims["urs-user-id"].(string)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.users[name]
}
