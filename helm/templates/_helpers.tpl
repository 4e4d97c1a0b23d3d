{{- define "compresso.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "compresso.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "compresso.labels" -}}
{{ include "compresso.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "compresso.databaseSecret" -}}
{{- .Values.database.existingSecret | default (printf "%s-database" (include "compresso.fullname" .)) -}}
{{- end -}}

{{- define "compresso.claim" -}}
{{- .Values.persistence.existingClaim | default (include "compresso.fullname" .) -}}
{{- end -}}
