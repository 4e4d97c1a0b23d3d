#!/bin/bash
# Compresses a model through the public API with nothing but curl:
#   src/docs/quickstart.sh MODEL DATA [SELECTION]
# MODEL is an ONNX file or an archive of one; DATA a data set (IDX, NPY, NPZ, CSV, or a zip or tar of them or of class
# folders). SELECTION picks the examples: "calibration=FROM:TO eval=FROM:TO", from 0 and without TO (images 2,001 to 2,200
# are 2000:2200), counted within each class with a "/class"
# at the end. The default calibrates and evaluates on all.
# COMPRESSO_URL is the server (http://localhost:8080), DATASET_SPEC how the data is read, as JSON (told from the content).
set -euo pipefail

url=${COMPRESSO_URL:-http://localhost:8080}
model=$1 data=$2 selection=${3:-}

# The value of a member of the JSON object on the standard input whose value is a string.
member() { sed -nE 's/.*"'"$1"'" *: *"([^"]*)".*/\1/p' | head -1; }
# The first "id" of the JSON object on the standard input: its own.
id() { grep -oE '"id" *: *"[0-9a-f-]{36}"' | head -1 | grep -oE '[0-9a-f-]{36}'; }
# Prints a problem and ends, where curl's status is not 2xx.
call() {
  local answer status
  answer=$(curl -sS -w '\n%{http_code}' "$@")
  status=${answer##*$'\n'}
  if [[ $status != 2* ]]; then
    echo "${answer%$'\n'*}" >&2
    exit 1
  fi
  echo "${answer%$'\n'*}"
}
# A data set with the part of the selection for a role.
reference() {
  local part range class=false
  for part in $selection; do
    if [[ $part == "$1="* ]]; then
      range=${part#*=}
      [[ $range == */class ]] && class=true
      range=${range%/class}
      echo "{dataset: $dataset, select: {from: ${range%:*}, to: ${range#*:}, perClass: $class}}"
      return
    fi
  done
  echo "$dataset"
}

echo "Uploading $model"
parent=$(call -F "file=@$model" "$url/v1/models" | id)
echo "Uploading $data"
dataset=$(call -F "file=@$data" -F "spec=${DATASET_SPEC:-}" "$url/v1/datasets" | id)

echo "Submitting the job"
job=$(call -X POST -H 'Content-Type: application/yaml' --data-binary @- "$url/v1/jobs" <<YAML | id
name: quickstart
model: $parent
data:
  calibration: $(reference calibration)
  eval: $(reference eval)
pipeline:
  - quantize: {mode: static}
YAML
)

echo "Watching $url/jobs/$job"
curl -sSN "$url/v1/jobs/$job/events" | sed -nE 's/^data:(.*)/  \1/p'
state=$(call "$url/v1/jobs/$job" | tr -d '\n' | grep -oE '"state" *: *"[a-z_]+"' | member state)
if [[ $state != succeeded ]]; then
  echo "The job has $state:" >&2
  call "$url/v1/jobs/$job" >&2
  exit 1
fi

result=$(call "$url/v1/jobs/$job" | tr -d '\n' | grep -oE '"result" *: *"[0-9a-f-]{36}"' | member result)
out=$(basename "${model%.*}")-int8.onnx
curl -sSf -o "$out" "$url/v1/models/$result/file"
echo "Downloaded $out: $(stat -c %s "$out") bytes, $(stat -c %s "$model") before"
call "$url/v1/jobs/$job/report" >"${out%.onnx}-report.json"
curl -sSf -H 'Accept: text/html' -o "${out%.onnx}-report.html" "$url/v1/jobs/$job/report"
echo "Report with charts in ${out%.onnx}-report.html"
echo "Report in ${out%.onnx}-report.json:"
cat "${out%.onnx}-report.json"
echo
