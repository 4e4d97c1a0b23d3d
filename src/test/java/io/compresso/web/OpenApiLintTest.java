package io.compresso.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.openapi.api.OpenApiConfig;
import io.smallrye.openapi.runtime.io.Format;
import io.smallrye.openapi.runtime.io.OpenApiParser;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.media.Content;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openapitools.openapistylevalidator.OpenApiSpecStyleValidator;
import org.openapitools.openapistylevalidator.ValidatorParameters;
import org.openapitools.openapistylevalidator.ValidatorParameters.NamingConvention;

/** Lints {@code openapi.yaml}: openapi-style-validator's rules, and ours for errors and lists. */
class OpenApiLintTest {
  private static final Path CONTRACT = Path.of("openapi.yaml");
  private static OpenAPI document;

  @BeforeAll
  static void parse() throws IOException {
    try (InputStream in = Files.newInputStream(CONTRACT)) {
      document = OpenApiParser.parse(in, Format.YAML, new Defaults());
    }
  }

  @Test
  void contract_passesTheLinter() {
    ValidatorParameters rules =
        new ValidatorParameters()
            .setValidateInfoLicense(true)
            .setValidateInfoDescription(true)
            .setValidateInfoContact(true)
            .setValidateOperationOperationId(true)
            .setValidateOperationDescription(true)
            .setValidateOperationSummary(true)
            .setValidateOperationTag(true)
            .setValidateModelPropertiesDescription(true)
            .setValidateModelPropertiesExample(true)
            .setValidateModelRequiredProperties(true)
            .setValidateModelNoLocalDef(true)
            .setValidateNaming(true)
            .setIgnoreHeaderXNaming(true)
            .setPathNamingConvention(NamingConvention.HyphenCase)
            .setPropertyNamingConvention(NamingConvention.CamelCase)
            .setSchemaNamingConvention(NamingConvention.PascalCase)
            .setQueryParamNamingConvention(NamingConvention.CamelCase)
            .setPathParamNamingConvention(NamingConvention.CamelCase)
            .setHeaderNamingConvention(NamingConvention.HyphenUpperCase);
    assertThat(new OpenApiSpecStyleValidator(document).validate(rules))
        .extracting(Object::toString)
        // The HTML standard spells it so.
        .filteredOn(error -> !error.contains("'Last-Event-ID'"))
        .isEmpty();
  }

  @Test
  void operationId_isUsedOnce() {
    List<String> ids =
        operations().stream().map(Map.Entry::getValue).map(Operation::getOperationId).toList();
    assertThat(ids).isNotEmpty().doesNotHaveDuplicates().doesNotContainNull();
  }

  @Test
  void operation_describesItsErrorsAsProblems() {
    for (Map.Entry<String, Operation> operation : operations()) {
      operation
          .getValue()
          .getResponses()
          .getAPIResponses()
          .forEach((status, response) -> {
            assertThat(response.getDescription())
                .as("%s %s: description", operation.getKey(), status)
                .isNotBlank();
            if (status.startsWith("4") || status.startsWith("5") || status.equals("default")) {
              Content content = response.getContent();
              assertThat(content).as("%s %s: content", operation.getKey(), status).isNotNull();
              assertThat(content.getMediaTypes())
                  .as("%s %s", operation.getKey(), status)
                  .containsOnlyKeys("application/problem+json");
            }
          });
      assertThat(operation.getValue().getResponses().getAPIResponses())
          .as(operation.getKey())
          .containsKey("default");
    }
  }

  @Test
  void operation_thatNamesAResource_canAnswerNotFound() {
    for (Map.Entry<String, Operation> operation : operations()) {
      if (operation.getKey().contains("{")) {
        assertThat(operation.getValue().getResponses().getAPIResponses())
            .as(operation.getKey())
            .containsKey("404");
      }
    }
  }

  @Test
  void schema_isUsed() throws IOException {
    String text = Files.readString(CONTRACT);
    Set<String> unused = new HashSet<>(document.getComponents().getSchemas().keySet());
    unused.removeIf(name -> text.contains("#/components/schemas/" + name + "\""));
    assertThat(unused).isEmpty();
  }

  /** The parser's own defaults: nothing is configured. */
  private static final class Defaults implements OpenApiConfig {
    @Override
    public <R, T> T getConfigValue(
        String name, Class<R> type, Function<R, T> converter, Supplier<T> byDefault) {
      return byDefault.get();
    }

    @Override
    public <R, T> Map<String, T> getConfigValueMap(
        String name, Class<R> type, Function<R, T> converter) {
      return Map.of();
    }

    @Override
    public void setAllowNakedPathParameter(Boolean allowed) {
      throw new UnsupportedOperationException();
    }
  }

  private static List<Map.Entry<String, Operation>> operations() {
    List<Map.Entry<String, Operation>> operations = new ArrayList<>();
    document
        .getPaths()
        .getPathItems()
        .forEach((path, item) ->
            item.getOperations()
                .forEach((method, operation) ->
                    operations.add(Map.entry(method + " " + path, operation))));
    return operations;
  }
}
