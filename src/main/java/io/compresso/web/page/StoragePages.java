package io.compresso.web.page;

import io.compresso.compress.DatasetInfo;
import io.compresso.compress.DatasetService;
import io.compresso.compress.ModelInfo;
import io.compresso.compress.ModelService;
import io.compresso.store.Page;
import io.compresso.store.Problem;
import io.compresso.store.ProblemException;
import io.compresso.web.api.Documents;
import io.compresso.web.api.Uploads;
import io.compresso.web.problem.ApiProblemException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RequestPart;
import org.springframework.web.multipart.MultipartFile;
import tools.jackson.core.JacksonException;

/** The pages of models and data sets. */
@Controller
public class StoragePages {
  private static final int PAGE = 25;
  private static final int UNPROCESSABLE = 422;

  private final ModelService models;
  private final DatasetService datasets;
  private final Documents documents;

  public StoragePages(ModelService models, DatasetService datasets, Documents documents) {
    this.models = models;
    this.datasets = datasets;
    this.documents = documents;
  }

  @GetMapping("/models")
  String models(@RequestParam(required = false) @Nullable String cursor, Model model) {
    Page<ModelInfo> page = models.list(cursor, PAGE);
    model
        .addAttribute("section", "models")
        .addAttribute("fmt", Formats.INSTANCE)
        .addAttribute("models", page)
        .addAttribute("next", page.next());
    return "models";
  }

  @PostMapping("/models")
  String uploadModel(
      @RequestPart("file") MultipartFile file,
      @RequestParam(defaultValue = "") String name,
      Model model,
      HttpServletResponse response)
      throws IOException {
    try (InputStream in = file.getInputStream()) {
      models.upload(in, name.isBlank() ? Uploads.nameOf(file, "model") : name.strip());
      return "redirect:/models";
    } catch (ProblemException e) {
      response.setStatus(UNPROCESSABLE);
      model.addAttribute("problem", e.problem());
      return models(null, model);
    }
  }

  @GetMapping("/datasets")
  String datasets(@RequestParam(required = false) @Nullable String cursor, Model model) {
    Page<DatasetInfo> page = datasets.list(cursor, PAGE);
    model
        .addAttribute("section", "datasets")
        .addAttribute("fmt", Formats.INSTANCE)
        .addAttribute("datasets", page)
        .addAttribute("next", page.next());
    return "datasets";
  }

  @PostMapping("/datasets")
  String uploadDataset(
      @RequestPart("file") MultipartFile file,
      @RequestParam(defaultValue = "") String name,
      @RequestParam(defaultValue = "") String spec,
      Model model,
      HttpServletResponse response)
      throws IOException {
    try (InputStream in = file.getInputStream()) {
      datasets.upload(
          in,
          name.isBlank() ? Uploads.nameOf(file, "dataset") : name.strip(),
          documents.inline("spec", spec));
      return "redirect:/datasets";
    } catch (ProblemException e) {
      model.addAttribute("problem", e.problem());
    } catch (ApiProblemException | JacksonException e) {
      model.addAttribute(
          "problem",
          Problem.of("malformed-request", "the spec is not a JSON object").atField("/spec"));
    }
    response.setStatus(UNPROCESSABLE);
    return datasets(null, model);
  }
}
