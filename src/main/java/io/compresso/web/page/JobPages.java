package io.compresso.web.page;

import io.compresso.compress.JobInfo;
import io.compresso.compress.JobService;
import io.compresso.compress.LogLine;
import io.compresso.store.JobState;
import io.compresso.store.Page;
import io.compresso.store.ProblemException;
import io.compresso.web.api.ReportResource;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The pages of jobs. */
@Controller
public class JobPages {
  private static final int PAGE = 25;
  private static final int LOG_PAGE = 200;
  private static final int LOG_PAGES = 50;

  private final JobService jobs;
  private final JsonMapper mapper =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  public JobPages(JobService jobs) {
    this.jobs = jobs;
  }

  @GetMapping("/")
  String list(
      @RequestParam(required = false) @Nullable String state,
      @RequestParam(required = false) @Nullable String cursor,
      Model model) {
    fill(state, cursor, model);
    return "jobs";
  }

  @GetMapping("/fragments/jobs")
  String rows(
      @RequestParam(required = false) @Nullable String state,
      @RequestParam(required = false) @Nullable String cursor,
      Model model) {
    fill(state, cursor, model);
    return "jobs :: rows";
  }

  private void fill(@Nullable String state, @Nullable String cursor, Model model) {
    @Nullable JobState known =
        Arrays.stream(JobState.values())
            .filter(candidate -> candidate.wire().equals(state))
            .findFirst()
            .orElse(null);
    Page<JobInfo> page = jobs.list(known, cursor, PAGE);
    model
        .addAttribute("section", "jobs")
        .addAttribute("fmt", Formats.INSTANCE)
        .addAttribute("states", Arrays.stream(JobState.values()).map(JobState::wire).toList())
        .addAttribute("state", known == null ? null : known.wire())
        .addAttribute("cursor", cursor)
        .addAttribute("jobs", page)
        .addAttribute("next", page.next());
  }

  @GetMapping("/jobs/{id}")
  String job(@PathVariable UUID id, Model model) {
    JobInfo job = jobs.get(id);
    @Nullable ReportResource report = report(id);
    model
        .addAttribute("section", "jobs")
        .addAttribute("fmt", Formats.INSTANCE)
        .addAttribute("job", job)
        .addAttribute("report", report)
        .addAttribute(
            "cpu",
            report == null
                ? ""
                : report.cpu().entrySet().stream()
                    .map(entry -> entry.getKey() + ": " + entry.getValue())
                    .collect(Collectors.joining("; ")))
        .addAttribute(
            "spec", mapper.writerWithDefaultPrettyPrinter().writeValueAsString(job.spec()));
    return "job";
  }

  @GetMapping("/fragments/jobs/{id}/log")
  String log(@PathVariable UUID id, Model model) {
    Page<LogLine> page = jobs.logs(id, null, LOG_PAGE);
    for (int i = 0; i < LOG_PAGES && page.next() != null; i++) {
      page = jobs.logs(id, page.next(), LOG_PAGE);
    }
    List<LogLine> lines = page.items();
    model.addAttribute("fmt", Formats.INSTANCE).addAttribute("lines", lines);
    return "log";
  }

  @PostMapping("/jobs/{id}/cancel")
  String cancel(@PathVariable UUID id, Model model) {
    try {
      jobs.cancel(id);
    } catch (ProblemException e) {
      if (e.kind() != ProblemException.Kind.CONFLICT) {
        throw e;
      }
      model.addAttribute("problem", e.problem());
      return job(id, model);
    }
    return "redirect:/jobs/" + id;
  }

  private @Nullable ReportResource report(UUID id) {
    try {
      JsonNode report = jobs.report(id);
      return mapper.treeToValue(report, ReportResource.class);
    } catch (JacksonException e) {
      throw new IllegalStateException("the report of job " + id + " is not of this version", e);
    } catch (ProblemException e) {
      if (e.kind() == ProblemException.Kind.NOT_FOUND) {
        return null;
      }
      throw e;
    }
  }
}
