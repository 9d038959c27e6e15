{{- define "fullname" -}}
{{ contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) }}
{{- end }}

{{- /* Labels of a part: dict "root" . "part" NAME. */}}
{{- define "selector" -}}
app.kubernetes.io/name: dask-gateway
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "labels" -}}
{{ include "selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
gateway.dask.org/instance: {{ include "fullname" .root }}
{{- end }}

{{- define "metadata" -}}
name: {{ .prefix }}-{{ include "fullname" .root }}
namespace: {{ .root.Release.Namespace }}
labels: {{- include "labels" . | nindent 2 }}
{{- end }}

{{- /* A part's account, what it may do, and its Deployment: dict "root" . "prefix" NAME "part" NAME
"values" VALUES "rules" LIST "config" BOOL "env" LIST. */}}
{{- define "part" }}
{{- $name := printf "%s-%s" .prefix (include "fullname" .root) }}
apiVersion: v1
kind: ServiceAccount
metadata: {{- include "metadata" . | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ $name }}
  labels: {{- include "labels" . | nindent 4 }}
rules: {{ toJson .rules }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ $name }}
  labels: {{- include "labels" . | nindent 4 }}
subjects:
  - { kind: ServiceAccount, name: {{ $name }}, namespace: {{ .root.Release.Namespace }} }
roleRef: { kind: ClusterRole, name: {{ $name }}, apiGroup: rbac.authorization.k8s.io }
---
apiVersion: apps/v1
kind: Deployment
metadata: {{- include "metadata" . | nindent 2 }}
spec:
  replicas: {{ .values.replicas | default 1 }}
  selector:
    matchLabels: {{- include "selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "labels" . | nindent 8 }}
      annotations:
        checksum/configmap: {{ .config | toJson | sha256sum }}
    spec:
      serviceAccountName: {{ $name }}
      nodeSelector: {{ toJson .values.nodeSelector }}
      tolerations: {{ toJson .values.tolerations }}
      containers:
        - name: {{ .part }}
          image: {{ .values.image.name }}:{{ .values.image.tag }}
          resources: {{ toJson .values.resources }}
          env: {{ .env | default list | toJson }}
{{- end }}
