package io.compresso.web.api;

import io.compresso.web.problem.ApiProblem;
import io.compresso.web.problem.ApiProblemException;
import io.compresso.web.problem.FieldProblem;
import io.compresso.web.problem.ProblemCode;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Reads JSON and YAML documents of bounded size; a member that is given twice is an error. */
@Component
public class Documents {
  private static final int MAX_BYTES = 1 << 20;

  private final ObjectMapper json =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private final ObjectMapper yaml =
      YAMLMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** The object that is a request's body, in JSON, or in YAML when its Content-Type says so. */
  JsonNode body(HttpServletRequest request) throws IOException {
    byte[] bytes = request.getInputStream().readNBytes(MAX_BYTES + 1);
    if (bytes.length > MAX_BYTES) {
      throw new ApiProblemException(
          ApiProblem.of(
              ProblemCode.TOO_LARGE, "the document is larger than " + MAX_BYTES + " bytes"));
    }
    return object("the body", (isYaml(request.getContentType()) ? yaml : json).readTree(bytes));
  }

  /** The object that is a parameter's value, in JSON; an empty one when it is absent. */
  public JsonNode inline(String parameter, @Nullable String text) {
    if (text == null || text.isBlank()) {
      return json.createObjectNode();
    }
    if (text.length() > MAX_BYTES) {
      throw new ApiProblemException(
          ApiProblem.of(
              ProblemCode.TOO_LARGE, parameter + " is longer than " + MAX_BYTES + " characters"));
    }
    return object(parameter, json.readTree(text));
  }

  private static JsonNode object(String what, @Nullable JsonNode document) {
    if (document != null && document.isObject()) {
      return document;
    }
    String message = "is not an object";
    throw new ApiProblemException(
        ApiProblem.of(ProblemCode.MALFORMED_REQUEST, what + " " + message)
            .withErrors(List.of(new FieldProblem("/", message))));
  }

  private static boolean isYaml(@Nullable String contentType) {
    try {
      return contentType != null
          && MediaType.parseMediaType(contentType).getSubtype().endsWith("yaml");
    } catch (InvalidMediaTypeException e) {
      return false;
    }
  }
}
