package io.compresso.web.problem;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.HttpMediaTypeException;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.MissingServletRequestParameterException;
import org.springframework.web.method.annotation.HandlerMethodValidationException;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;
import org.springframework.web.multipart.support.MissingServletRequestPartException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.exc.InvalidFormatException;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/** Problems for what the framework refuses before a controller sees it. */
final class Problems {
  private Problems() {}

  /**
   * The problem for an exception of the framework.
   *
   * @param status the status that the framework gives it
   */
  static ApiProblem of(Exception exception, int status) {
    ProblemCode code = ProblemCode.ofStatus(status);
    ApiProblem problem =
        switch (exception) {
          case HttpRequestMethodNotSupportedException e ->
              ApiProblem.of(code, "method " + e.getMethod() + " is not supported here")
                  .withHint(supportedMethods(e.getSupportedMethods()));
          case HttpMediaTypeException e ->
              ApiProblem.of(code, mediaTypeDetail(e))
                  .withHint(
                      e.getSupportedMediaTypes().isEmpty()
                          ? null
                          : "Supported: " + joined(e.getSupportedMediaTypes()) + ".");
          case MissingServletRequestParameterException e ->
              invalidParameter(e.getParameterName(), "is missing");
          case MissingServletRequestPartException e ->
              invalidParameter(e.getRequestPartName(), "part is missing");
          case MethodArgumentTypeMismatchException e ->
              invalidParameter(e.getName(), "has no valid value: " + quoted(e.getValue()));
          case MethodArgumentNotValidException e -> invalidFields(bindErrors(e));
          case HandlerMethodValidationException e -> invalidFields(parameterErrors(e));
          case HttpMessageNotReadableException e -> unreadable(e);
          default -> ApiProblem.of(code, defaultDetail(code, status));
        };
    return problem.withStatus(status);
  }

  /** A parameter, header or part that has no valid value. */
  static ApiProblem invalidParameter(String name, String message) {
    return ApiProblem.of(ProblemCode.INVALID_PARAMETER, name + " " + message)
        .withErrors(List.of(new FieldProblem(name, message)));
  }

  /** What is wrong with a JSON or YAML document, with its line and column or the field's path. */
  static ApiProblem document(JacksonException e) {
    String path = path(e);
    String where = where(e.getLocation());
    if (e instanceof UnrecognizedPropertyException unknown) {
      String known =
          unknown.getKnownPropertyIds() == null
              ? ""
              : unknown.getKnownPropertyIds().stream()
                  .map(Object::toString)
                  .sorted()
                  .collect(Collectors.joining(", "));
      return ApiProblem.of(ProblemCode.MALFORMED_REQUEST, "unknown field '" + path + "'" + where)
          .withErrors(List.of(new FieldProblem(path, "is not a field of this document")))
          .withHint(known.isEmpty() ? null : "Fields known here: " + known + ".");
    }
    if (e instanceof MismatchedInputException mismatched) {
      String message =
          mismatched instanceof InvalidFormatException format
              ? "has no valid value: " + quoted(format.getValue())
              : "has a value of the wrong type";
      String field = path.isEmpty() ? "/" : path;
      return ApiProblem.of(ProblemCode.MALFORMED_REQUEST, field + " " + message + where)
          .withErrors(List.of(new FieldProblem(field, message)));
    }
    String reason = e.getOriginalMessage();
    return ApiProblem.of(
            ProblemCode.MALFORMED_REQUEST,
            "the document is malformed" + where + ": " + firstLine(reason))
        .withErrors(List.of(new FieldProblem(path.isEmpty() ? "/" : path, firstLine(reason))));
  }

  private static ApiProblem unreadable(HttpMessageNotReadableException e) {
    for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof JacksonException jackson) {
        return document(jackson);
      }
    }
    return ApiProblem.of(ProblemCode.MALFORMED_REQUEST, "the body is missing or cannot be read");
  }

  private static String path(JacksonException e) {
    StringBuilder path = new StringBuilder();
    for (JacksonException.Reference reference : e.getPath()) {
      String name = reference.getPropertyName();
      path.append('/')
          .append(
              name == null
                  ? Integer.toString(reference.getIndex())
                  : name.replace("~", "~0").replace("/", "~1"));
    }
    return path.toString();
  }

  private static String where(@Nullable TokenStreamLocation location) {
    return location == null || location.getLineNr() < 1
        ? ""
        : " at line " + location.getLineNr() + ", column " + location.getColumnNr();
  }

  private static String firstLine(@Nullable String message) {
    if (message == null) {
      return "it cannot be parsed";
    }
    String line = message.lines().findFirst().orElse("");
    return line.length() > 300 ? line.substring(0, 300) + "..." : line;
  }

  private static ApiProblem invalidFields(List<FieldProblem> errors) {
    String detail =
        errors.stream()
            .map(error -> error.field() + " " + error.message())
            .collect(Collectors.joining("; "));
    return ApiProblem.of(ProblemCode.INVALID_PARAMETER, detail).withErrors(errors);
  }

  private static List<FieldProblem> bindErrors(MethodArgumentNotValidException e) {
    return e.getBindingResult().getFieldErrors().stream()
        .map(error -> new FieldProblem(error.getField(), message(error.getDefaultMessage())))
        .toList();
  }

  private static List<FieldProblem> parameterErrors(HandlerMethodValidationException e) {
    List<FieldProblem> errors = new ArrayList<>();
    for (var result : e.getParameterValidationResults()) {
      String name = result.getMethodParameter().getParameterName();
      for (var error : result.getResolvableErrors()) {
        errors.add(
            new FieldProblem(
                name == null ? "parameter" : name, message(error.getDefaultMessage())));
      }
    }
    return errors;
  }

  private static String message(@Nullable String message) {
    return message == null ? "is not valid" : message;
  }

  private static String mediaTypeDetail(HttpMediaTypeException e) {
    return e instanceof org.springframework.web.HttpMediaTypeNotSupportedException unsupported
        ? unsupported.getContentType() == null
            ? "the request has no valid Content-Type"
            : "Content-Type " + unsupported.getContentType() + " is not supported here"
        : "no representation is acceptable to the request's Accept header";
  }

  private static @Nullable String supportedMethods(String @Nullable [] methods) {
    return methods == null || methods.length == 0
        ? null
        : "Supported: " + String.join(", ", Set.of(methods).stream().sorted().toList()) + ".";
  }

  private static String joined(List<MediaType> types) {
    return types.stream().map(MediaType::toString).distinct().collect(Collectors.joining(", "));
  }

  private static String quoted(@Nullable Object value) {
    String text = String.valueOf(value);
    return "'" + (text.length() > 80 ? text.substring(0, 80) + "..." : text) + "'";
  }

  private static String defaultDetail(ProblemCode code, int status) {
    HttpStatus known = HttpStatus.resolve(status);
    return code.status() == status || known == null ? code.title() : known.getReasonPhrase();
  }
}
