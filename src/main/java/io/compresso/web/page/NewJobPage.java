package io.compresso.web.page;

import io.compresso.compress.DatasetService;
import io.compresso.compress.JobService;
import io.compresso.compress.ModelService;
import io.compresso.compress.TechniqueInfo;
import io.compresso.compress.TechniqueService;
import io.compresso.store.ProblemException;
import jakarta.servlet.http.HttpServletResponse;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The form for a new job, made from a technique's schema; works without scripts. */
@Controller
public class NewJobPage {
  private static final int CHOICES = 200;
  private static final int UNPROCESSABLE = 422;

  private final JobService jobs;
  private final ModelService models;
  private final DatasetService datasets;
  private final TechniqueService techniques;
  private final JsonMapper mapper;

  public NewJobPage(
      JobService jobs,
      ModelService models,
      DatasetService datasets,
      TechniqueService techniques,
      JsonMapper mapper) {
    this.jobs = jobs;
    this.models = models;
    this.datasets = datasets;
    this.techniques = techniques;
    this.mapper = mapper;
  }

  @GetMapping("/new")
  String form(@RequestParam Map<String, String> values, Model model) {
    TechniqueInfo technique = technique(values);
    model
        .addAttribute("section", "new")
        .addAttribute("fmt", Formats.INSTANCE)
        .addAttribute("models", models.list(null, CHOICES).items())
        .addAttribute("datasets", datasets.list(null, CHOICES).items())
        .addAttribute("technique", technique)
        .addAttribute("fields", FormField.of(technique.schema()))
        .addAttribute("values", values);
    return "new";
  }

  @PostMapping("/new")
  String submit(
      @RequestParam Map<String, String> values, Model model, HttpServletResponse response) {
    TechniqueInfo technique = technique(values);
    List<FormField> fields = FormField.of(technique.schema());
    ObjectNode job = JobForm.job(values, technique.name(), fields, mapper);
    try {
      if (!values.containsKey("dryRun")) {
        return "redirect:/jobs/" + jobs.submit(job, null).job().id();
      }
      model.addAttribute("dry", jobs.dryRun(job));
    } catch (ProblemException e) {
      response.setStatus(UNPROCESSABLE);
      model.addAttribute("problem", e.problem());
    }
    return form(values, model);
  }

  private TechniqueInfo technique(Map<String, String> values) {
    String name = values.getOrDefault("technique", "quantize");
    return techniques.list().stream()
        .filter(technique -> technique.name().equals(name))
        .findFirst()
        .orElseThrow(() -> ProblemException.notFound("technique", name));
  }
}
