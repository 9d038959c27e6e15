{{- define "hub-secret" }}
apiVersion: v1
kind: Secret
metadata: {{- include "metadata" (dict "root" . "part" "hub") | nindent 2 }}
type: Opaque
data:
  values.yaml: {{ toYaml .Values | b64enc }}
  hub.config.ConfigurableHTTPProxy.auth_token: {{ include "kept" (list . "hub.config.ConfigurableHTTPProxy.auth_token" .Values.proxy.secretToken) }}
  hub.config.JupyterHub.cookie_secret: {{ include "kept" (list . "hub.config.JupyterHub.cookie_secret" .Values.hub.cookieSecret) }}
  hub.config.CryptKeeper.keys: {{ include "kept" (list . "hub.config.CryptKeeper.keys" (dig "CryptKeeper" "keys" list .Values.hub.config | join ";")) }}
  {{- range $name, $service := .Values.hub.services }}
  {{- $key := printf "hub.services.%s.apiToken" $name }}
  {{ $key }}: {{ include "kept" (list $ $key $service.apiToken) }}
  {{- end }}
  {{- range $name, $file := .Values.hub.extraFiles }}
  {{ $name }}: {{ $file.stringData | default "" | b64enc | quote }}
  {{- end }}
{{- end }}
