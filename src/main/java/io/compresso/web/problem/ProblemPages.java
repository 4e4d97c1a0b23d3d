package io.compresso.web.problem;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import org.thymeleaf.ITemplateEngine;
import org.thymeleaf.context.Context;

/** Shows a problem as a page to a browser that asked for one. */
@Component
class ProblemPages {
  private final ITemplateEngine templates;

  ProblemPages(ITemplateEngine templates) {
    this.templates = templates;
  }

  /** The problem as JSON, or as a page when a browser asked for a page outside of the API. */
  ResponseEntity<Object> respond(
      ApiProblem problem, HttpHeaders headers, HttpServletRequest request) {
    ApiProblem complete = problem.withInstance(request.getRequestURI());
    ResponseEntity.BodyBuilder response = ResponseEntity.status(complete.status()).headers(headers);
    return wantsPage(request)
        ? response
            .contentType(new MediaType(MediaType.TEXT_HTML, StandardCharsets.UTF_8))
            .body(templates.process("error", new Context(Locale.ROOT, Map.of("problem", complete))))
        : response.contentType(MediaType.APPLICATION_PROBLEM_JSON).body(complete);
  }

  private static boolean wantsPage(HttpServletRequest request) {
    @Nullable String accept = request.getHeader(HttpHeaders.ACCEPT);
    return accept != null
        && accept.contains(MediaType.TEXT_HTML_VALUE)
        && !request.getRequestURI().startsWith("/v1/");
  }
}
