package main

import (
	"fmt"
	"net/http"
)

// problem is an error as Google's APIs tell it.
type problem struct {
	code    int
	status  string
	reason  string
	domain  string
	message string
	details []any
}

func (p *problem) Error() string { return p.message }

// The envelope that every API answers with. Those from before google.rpc.Status tell no status and no
// details; `errors` is in both.
func (p *problem) envelope(legacy bool) object {
	domain := p.domain
	if domain == "" {
		domain = "global"
	}
	inner := object{
		"code":    p.code,
		"message": p.message,
		"errors":  []any{object{"message": p.message, "domain": domain, "reason": p.reason}},
	}
	if !legacy {
		inner["status"] = p.status
		if len(p.details) > 0 {
			inner["details"] = p.details
		}
	}
	return object{"error": inner}
}

func notFound(format string, arguments ...any) *problem {
	return &problem{code: http.StatusNotFound, status: "NOT_FOUND", reason: "notFound", message: fmt.Sprintf(format, arguments...)}
}

func alreadyExists(reason, format string, arguments ...any) *problem {
	return &problem{code: http.StatusConflict, status: "ALREADY_EXISTS", reason: reason, message: fmt.Sprintf(format, arguments...)}
}

func invalid(format string, arguments ...any) *problem {
	return &problem{code: http.StatusBadRequest, status: "INVALID_ARGUMENT", reason: "invalid", message: fmt.Sprintf(format, arguments...)}
}

func failedPrecondition(reason, format string, arguments ...any) *problem {
	return &problem{code: http.StatusBadRequest, status: "FAILED_PRECONDITION", reason: reason, message: fmt.Sprintf(format, arguments...)}
}

func conditionNotMet(format string, arguments ...any) *problem {
	return &problem{code: http.StatusPreconditionFailed, status: "FAILED_PRECONDITION", reason: "conditionNotMet", message: fmt.Sprintf(format, arguments...)}
}

func concurrentChange(format string, arguments ...any) *problem {
	return &problem{code: http.StatusConflict, status: "ABORTED", reason: "aborted", message: fmt.Sprintf(format, arguments...)}
}

func forbidden(format string, arguments ...any) *problem {
	return &problem{code: http.StatusForbidden, status: "PERMISSION_DENIED", reason: "forbidden", message: fmt.Sprintf(format, arguments...)}
}

// What an API says that the project has not enabled.
func serviceDisabled(api, project string) *problem {
	told := forbidden("%s has not been used in project %s before or it is disabled. Enable it by visiting "+
		"https://console.developers.google.com/apis/api/%s/overview?project=%s then retry.", api, project, api, project)
	told.reason, told.domain = "accessNotConfigured", "usageLimits"
	told.details = []any{object{
		"@type":    "type.googleapis.com/google.rpc.ErrorInfo",
		"reason":   "SERVICE_DISABLED",
		"domain":   "googleapis.com",
		"metadata": object{"service": api, "consumer": "projects/" + project},
	}}
	return told
}

// What Compute Engine says of a regional quota, and what the other APIs say of theirs.
func quotaExceeded(legacy bool, message string) *problem {
	if legacy {
		if message == "" {
			message = "Quota 'CPUS' exceeded.  Limit: 24.0 in region us-central1."
		}
		return &problem{code: http.StatusForbidden, reason: "quotaExceeded", domain: "usageLimits", message: message}
	}
	if message == "" {
		message = "Quota exceeded."
	}
	return &problem{
		code: http.StatusTooManyRequests, status: "RESOURCE_EXHAUSTED", reason: "rateLimitExceeded",
		domain: "usageLimits", message: message,
		details: []any{object{"@type": "type.googleapis.com/google.rpc.QuotaFailure",
			"violations": []any{object{"subject": "project", "description": message}}}},
	}
}

// A status of a fault, with google.rpc's name for it.
func plainProblem(code int, message string) *problem {
	status, known := map[int][2]string{
		400: {"INVALID_ARGUMENT", "invalid"},
		401: {"UNAUTHENTICATED", "authError"},
		403: {"PERMISSION_DENIED", "forbidden"},
		404: {"NOT_FOUND", "notFound"},
		409: {"ABORTED", "conflict"},
		429: {"RESOURCE_EXHAUSTED", "rateLimitExceeded"},
		500: {"INTERNAL", "backendError"},
		503: {"UNAVAILABLE", "backendError"},
		504: {"DEADLINE_EXCEEDED", "backendError"},
	}[code]
	if !known {
		status = [2]string{"UNKNOWN", "unknown"}
	}
	if message == "" {
		message = http.StatusText(code)
	}
	return &problem{code: code, status: status[0], reason: status[1], message: message}
}
