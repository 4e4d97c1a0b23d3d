package io.compresso.web;

import java.util.LinkedHashMap;
import java.util.Map;

/** Jobs that must be refused: name -> (JSON, what the problem must mention). */
final class HostileJobs {
  /** The id of nothing. */
  static final String UNKNOWN = "00000000-0000-7000-8000-000000000000";

  private HostileJobs() {}

  /** A body and a word of the problem's detail; empty when any will do. */
  record Body(String json, String mention) {}

  /**
   * @param model the id of a sound model
   * @param data of data that fits it
   * @param otherData of data that does not
   */
  static Map<String, Body> all(String model, String data, String otherData) {
    String m = "\"model\":\"" + model + "\"";
    String calibration = "\"data\":{\"calibration\":\"" + data + "\"}";
    String quantize = "\"pipeline\":[{\"quantize\":{\"mode\":\"dynamic\"}}]";
    Map<String, Body> all = new LinkedHashMap<>();
    all.put("nothing", new Body("", ""));
    all.put("cut JSON", new Body("{" + m, "line 1"));
    all.put("two documents", new Body("{} {}", ""));
    all.put("a list", new Body("[]", "object"));
    all.put("member given twice", new Body("{" + m + "," + m + "," + quantize + "}", "model"));
    all.put("unknown field", new Body("{" + m + "," + quantize + ",\"modell\":1}", "modell"));
    all.put(
        "unknown nested field",
        new Body(
            "{" + m + ",\"pipeline\":[{\"quantize\":{\"weights\":{\"bitz\":8}}}]}",
            "pipeline[0].quantize.weights.bitz"));
    all.put("no model", new Body("{" + quantize + "}", "model"));
    all.put(
        "model that is no id", new Body("{\"model\":\"../../etc\"," + quantize + "}", "../../etc"));
    all.put(
        "model that does not exist",
        new Body("{\"model\":\"" + UNKNOWN + "\"," + quantize + "}", UNKNOWN));
    all.put("no pipeline", new Body("{" + m + "}", "pipeline"));
    all.put("unknown preset", new Body("{" + m + ",\"preset\":\"magic\"}", "preset"));
    all.put(
        "preset and pipeline",
        new Body("{" + m + ",\"preset\":\"no-data\"," + quantize + "}", "preset"));
    all.put("unknown technique", new Body("{" + m + ",\"pipeline\":[{\"shrink\":{}}]}", "shrink"));
    all.put(
        "two techniques in a step",
        new Body("{" + m + ",\"pipeline\":[{\"quantize\":{},\"prune\":{}}]}", "pipeline[0]"));
    all.put(
        "bits that do not exist",
        new Body("{" + m + ",\"pipeline\":[{\"quantize\":{\"weights\":{\"bits\":3}}}]}", "bits"));
    all.put(
        "word for a number",
        new Body(
            "{" + m + ",\"pipeline\":[{\"quantize\":{\"weights\":{\"bits\":\"many\"}}}]}", "bits"));
    all.put("negative seed", new Body("{" + m + "," + quantize + ",\"seed\":-1}", "seed"));
    all.put(
        "goal that is not a number",
        new Body("{" + m + "," + quantize + ",\"goals\":{\"accuracy\":{\"maxDrop\":NaN}}}", ""));
    all.put(
        "goal out of range",
        new Body(
            "{" + m + "," + quantize + ",\"goals\":{\"accuracy\":{\"maxDrop\":7}}}", "maxDrop"));
    all.put(
        "budget of nothing",
        new Body("{" + m + "," + quantize + ",\"budget\":{\"maxMinutes\":0}}", "maxMinutes"));
    all.put(
        "static without calibration data",
        new Body("{" + m + ",\"pipeline\":[{\"quantize\":{\"mode\":\"static\"}}]}", "calibration"));
    all.put(
        "data that does not exist",
        new Body(
            "{" + m + ",\"data\":{\"calibration\":\"" + UNKNOWN + "\"},\"preset\":\"balanced\"}",
            UNKNOWN));
    all.put(
        "data that does not fit the model",
        new Body(
            "{" + m + ",\"data\":{\"calibration\":\"" + otherData + "\"},\"preset\":\"balanced\"}",
            "calibration"));
    all.put(
        "selection beyond the data",
        new Body(
            "{"
                + m
                + ",\"data\":{\"calibration\":{\"dataset\":\""
                + data
                + "\",\"select\":{\"from\":900,\"to\":901}}},\"preset\":\"balanced\"}",
            "select"));
    all.put(
        "node that the model does not have",
        new Body(
            "{"
                + m
                + ","
                + calibration
                + ",\"pipeline\":[{\"quantize\":{\"exclude\":[\"conv99\"]}}]}",
            "conv99"));
    all.put(
        "unknown target", new Body("{" + m + "," + quantize + ",\"target\":\"tpu\"}", "target"));
    all.put("deep nesting", new Body("{\"name\":" + "[".repeat(5000) + "]".repeat(5000) + "}", ""));
    all.put("1.1 MB", new Body("{\"name\":\"" + "x".repeat(1_100_000) + "\"}", "larger"));
    return all;
  }
}
