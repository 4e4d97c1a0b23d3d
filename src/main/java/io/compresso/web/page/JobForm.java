package io.compresso.web.page;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Makes a job of what the form for a new one has sent. */
final class JobForm {
  private static final double POINTS = 100;

  private JobForm() {}

  static ObjectNode job(
      Map<String, String> form, String technique, List<FormField> fields, JsonMapper mapper) {
    ObjectNode job = mapper.createObjectNode();
    put(job, "name", form.get("name"));
    put(job, "model", form.get("model"));
    for (String role : List.of("calibration", "eval")) {
      String dataset = form.get("data." + role);
      if (dataset != null && !dataset.isBlank()) {
        reference(job.withObject("/data"), role, dataset, form);
      }
    }
    ObjectNode parameters = job.putArray("pipeline").addObject().putObject(technique);
    for (FormField field : fields) {
      field.put(parameters, form.get("p." + field.path()));
    }
    goals(job, form);
    return job;
  }

  private static void reference(
      ObjectNode data, String role, String dataset, Map<String, String> form) {
    String from = form.get("data." + role + ".from");
    String to = form.get("data." + role + ".to");
    if (isBlank(from) && isBlank(to)) {
      data.put(role, dataset);
      return;
    }
    ObjectNode select = data.putObject(role).put("dataset", dataset).putObject("select");
    if (from != null && !from.isBlank()) {
      Numbers.put(select, "from", from);
    }
    if (to != null && !to.isBlank()) {
      Numbers.put(select, "to", to);
    }
  }

  private static void goals(ObjectNode job, Map<String, String> form) {
    String drop = form.get("maxDrop");
    if (drop != null && !drop.isBlank()) {
      ObjectNode accuracy = job.withObject("/goals/accuracy").put("metric", "top1");
      Numbers.put(accuracy, "maxDrop", drop);
      if (accuracy.path("maxDrop").isNumber()) {
        accuracy.put("maxDrop", accuracy.path("maxDrop").asDouble() / POINTS);
      }
    }
    String speedup = form.get("minSpeedup");
    if (speedup != null && !speedup.isBlank()) {
      Numbers.put(job.withObject("/goals/latency"), "minSpeedup", speedup);
    }
  }

  private static void put(ObjectNode job, String name, @Nullable String text) {
    if (text != null && !text.isBlank()) {
      job.put(name, text.strip());
    }
  }

  private static boolean isBlank(@Nullable String text) {
    return text == null || text.isBlank();
  }
}
