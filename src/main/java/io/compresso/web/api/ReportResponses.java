package io.compresso.web.api;

import io.compresso.compress.JobService;
import io.compresso.compress.ReportForm;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;

/** Answers with a job's report in the form that the client likes best; JSON when any will do. */
@Component
class ReportResponses {
  private static final List<MediaType> FORMS =
      List.of(MediaType.APPLICATION_JSON, MediaType.TEXT_HTML, MediaType.TEXT_MARKDOWN);

  /** The page brings its own style, and loads and runs nothing. */
  private static final String PAGE_POLICY =
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none';"
          + " frame-ancestors 'none'; sandbox";

  private final JobService jobs;

  ReportResponses(JobService jobs) {
    this.jobs = jobs;
  }

  ResponseEntity<Object> respond(UUID id, HttpServletRequest request) {
    MediaType form = form(request);
    ResponseEntity.BodyBuilder response =
        ResponseEntity.ok().header(HttpHeaders.VARY, HttpHeaders.ACCEPT);
    if (form.equals(MediaType.APPLICATION_JSON)) {
      return response.contentType(form).body(jobs.report(id));
    }
    boolean page = form.equals(MediaType.TEXT_HTML);
    if (page) {
      response.header("Content-Security-Policy", PAGE_POLICY);
    }
    return response
        .contentType(new MediaType(form, StandardCharsets.UTF_8))
        .body(jobs.report(id, page ? ReportForm.HTML : ReportForm.MARKDOWN));
  }

  private static MediaType form(HttpServletRequest request) {
    List<String> accepted = Collections.list(request.getHeaders(HttpHeaders.ACCEPT));
    return MediaType.parseMediaTypes(accepted).stream()
        .sorted(Comparator.comparingDouble(MediaType::getQualityValue).reversed())
        .flatMap(type -> FORMS.stream().filter(type::includes))
        .findFirst()
        .orElse(MediaType.APPLICATION_JSON);
  }
}
