package io.compresso.web.problem;

import io.compresso.store.ProblemException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.context.request.ServletWebRequest;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;
import org.springframework.web.multipart.MultipartException;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;
import tools.jackson.core.JacksonException;

/**
 * Turns whatever a request fails with into a problem; never shows a stack trace or a path of the
 * host.
 */
@ControllerAdvice
@Order(Ordered.HIGHEST_PRECEDENCE)
public class ProblemHandler extends ResponseEntityExceptionHandler {
  private static final Logger LOG = LoggerFactory.getLogger(ProblemHandler.class);

  private final ProblemPages pages;

  ProblemHandler(ProblemPages pages) {
    this.pages = pages;
  }

  @ExceptionHandler
  ResponseEntity<Object> problem(ApiProblemException e, HttpServletRequest request) {
    return pages.respond(e.problem(), e.headers(), request);
  }

  @ExceptionHandler
  ResponseEntity<Object> refusal(ProblemException e, HttpServletRequest request) {
    return pages.respond(ApiProblem.of(e.kind(), e.problem()), new HttpHeaders(), request);
  }

  @ExceptionHandler
  ResponseEntity<Object> document(JacksonException e, HttpServletRequest request) {
    return pages.respond(Problems.document(e), new HttpHeaders(), request);
  }

  @ExceptionHandler
  ResponseEntity<Object> parameter(
      MethodArgumentTypeMismatchException e, HttpServletRequest request) {
    return pages.respond(Problems.of(e, 400), new HttpHeaders(), request);
  }

  @ExceptionHandler
  ResponseEntity<Object> multipart(MultipartException e, HttpServletRequest request) {
    return pages.respond(
        ApiProblem.of(
                ProblemCode.MALFORMED_REQUEST, "the multipart body is malformed or incomplete")
            .withHint("Send it as multipart/form-data with a boundary, as curl -F does."),
        new HttpHeaders(),
        request);
  }

  @ExceptionHandler
  @Nullable ResponseEntity<Object> other(
      Exception e, HttpServletRequest request, HttpServletResponse response) {
    if (response.isCommitted() || isClientAbort(e)) {
      LOG.debug("request {} ended early: {}", request.getRequestURI(), e.toString());
      return null;
    }
    return pages.respond(internal(e, request), new HttpHeaders(), request);
  }

  @Override
  protected @Nullable ResponseEntity<Object> handleExceptionInternal(
      Exception exception,
      @Nullable Object body,
      HttpHeaders headers,
      HttpStatusCode status,
      WebRequest request) {
    HttpServletRequest servletRequest = ((ServletWebRequest) request).getRequest();
    HttpServletResponse response = ((ServletWebRequest) request).getResponse();
    if (response != null && response.isCommitted()) {
      return null;
    }
    ApiProblem problem =
        status.value() == 500
            ? internal(exception, servletRequest)
            : Problems.of(exception, status.value());
    return pages.respond(problem, headers, servletRequest);
  }

  private static ApiProblem internal(Exception exception, HttpServletRequest request) {
    String reference = UUID.randomUUID().toString();
    LOG.error(
        "{} {} failed, reference {}",
        request.getMethod(),
        request.getRequestURI(),
        reference,
        exception);
    return ApiProblem.of(ProblemCode.INTERNAL_ERROR, "the server failed; reference " + reference)
        .withHint("The server's log has the reason under this reference.");
  }

  private static boolean isClientAbort(Throwable e) {
    return e instanceof IOException && e.getClass().getSimpleName().equals("ClientAbortException");
  }
}
