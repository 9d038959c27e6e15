{{- /* Labels of a part: dict "root" . "part" NAME. */}}
{{- define "labels" -}}
{{ include "selector" . }}
chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
heritage: {{ .root.Release.Service }}
app.kubernetes.io/name: jupyterhub
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "selector" -}}
app: jupyterhub
component: {{ .part }}
release: {{ .root.Release.Name }}
{{- end }}

{{- define "metadata" -}}
name: {{ .name | default .part }}
namespace: {{ .root.Release.Namespace }}
labels: {{- include "labels" . | nindent 2 }}
{{- end }}

{{- /* Where a pod goes: dict "root" . "on" VALUES. */}}
{{- define "placement" -}}
{{- with .on.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
tolerations: {{ concat .root.Values.scheduling.corePods.tolerations (.on.tolerations | default list) | toJson }}
{{- if .root.Values.scheduling.podPriority.enabled }}
priorityClassName: {{ .root.Release.Name }}-default-priority
{{- end }}
{{- end }}

{{- /* A secret as given, or as the cluster has it, or new: list . KEY GIVEN. */}}
{{- define "kept" -}}
{{- $there := (lookup "v1" "Secret" (index . 0).Release.Namespace "hub" | default dict).data | default dict }}
{{- index . 2 | default (index $there (index . 1) | default "" | b64dec) | default (randAlphaNum 64) | b64enc }}
{{- end }}
