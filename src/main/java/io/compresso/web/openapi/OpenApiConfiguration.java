package io.compresso.web.openapi;

import io.compresso.compress.TechniqueInfo;
import io.compresso.compress.TechniqueService;
import io.compresso.web.problem.ApiProblem;
import io.swagger.v3.core.converter.AnnotatedType;
import io.swagger.v3.core.converter.ModelConverters;
import io.swagger.v3.core.util.Json;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.PathItem;
import io.swagger.v3.oas.models.Paths;
import io.swagger.v3.oas.models.info.Contact;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.info.License;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.servers.Server;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springdoc.core.customizers.OperationCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpStatus;

/**
 * What the OpenAPI document has besides the controllers: its head, the problems, and the schemas
 * that come from the catalogue of techniques.
 */
@Configuration(proxyBeanMethods = false)
public class OpenApiConfiguration {
  private static final List<String> TAGS =
      List.of("models", "datasets", "jobs", "techniques", "targets");
  private static final String SCHEMAS = "#/components/schemas/";
  private static final String DATASET_SPEC = "dataset-spec.schema.json";

  @Bean
  OpenAPI head() {
    return new OpenAPI()
        .info(
            new Info()
                .title("Compresso")
                .version("1")
                .description(
                    """
                    Makes trained ONNX models smaller and faster, and measures what it cost.

                    Upload a model and data, submit a job, watch it, download the result and read its report.
                    Every error is a problem (RFC 9457) whose `code` never changes.\
                    """)
                .contact(new Contact().name("The Compresso project"))
                .license(
                    new License()
                        .name("Apache-2.0")
                        .url("https://www.apache.org/licenses/LICENSE-2.0")))
        .addServersItem(new Server().url("/").description("This server"));
  }

  /** Gives every operation the refusals that it declares, and the failure that any can meet. */
  @Bean
  OperationCustomizer refusals() {
    return (operation, method) -> {
      Refusals refusals = method.getMethodAnnotation(Refusals.class);
      if (refusals != null) {
        for (int status : refusals.value()) {
          refuse(operation, Integer.toString(status), HttpStatus.valueOf(status).getReasonPhrase());
        }
      }
      refuse(
          operation, "default", "The request was refused for another reason, or the server failed");
      return operation;
    };
  }

  private static void refuse(Operation operation, String status, String description) {
    operation
        .getResponses()
        .addApiResponse(
            status,
            new ApiResponse()
                .description(description)
                .content(
                    new Content()
                        .addMediaType(
                            "application/problem+json",
                            new MediaType().schema(new Schema<>().$ref(SCHEMAS + "Problem")))));
  }

  /** Adds the schemas that no controller's type gives, and puts all in the order of their names. */
  @Bean
  OpenApiCustomizer schemas(TechniqueService techniques) {
    return document -> {
      Components components = document.getComponents();
      Map<String, Schema<?>> all = new TreeMap<>();
      if (components.getSchemas() != null) {
        components.getSchemas().forEach((name, schema) -> all.put(name, schema));
      }
      ModelConverters.getInstance()
          .readAll(new AnnotatedType(ApiProblem.class))
          .forEach((name, schema) -> all.put(name, schema));
      for (TechniqueInfo technique : techniques.list()) {
        Schema<?> parameters = schema(technique.schema().toString());
        parameters.setDescription(technique.description());
        NamedSchemas.name(nameOf(technique), parameters, all);
      }
      NamedSchemas.name("JobSpec", schema(techniques.jobSchema().toString()), all);
      NamedSchemas.name("DatasetSpec", schema(resource(DATASET_SPEC)), all);
      components.setSchemas(new LinkedHashMap<>());
      all.forEach(components::addSchemas);
      document.setTags(
          document.getTags().stream()
              .sorted(Comparator.comparingInt(tag -> TAGS.indexOf(tag.getName())))
              .toList());
      Paths paths = new Paths();
      document.getPaths().entrySet().stream()
          .sorted(
              Comparator.<Map.Entry<String, PathItem>>comparingInt(
                      path -> TAGS.indexOf(path.getKey().split("/")[2]))
                  .thenComparing(Map.Entry::getKey))
          .forEach(path -> paths.addPathItem(path.getKey(), path.getValue()));
      document.setPaths(paths);
    };
  }

  static String nameOf(TechniqueInfo technique) {
    StringBuilder name = new StringBuilder();
    for (String word : technique.name().split("[^A-Za-z0-9]+")) {
      name.append(word.substring(0, 1).toUpperCase(Locale.ROOT)).append(word.substring(1));
    }
    return name.append("Parameters").toString();
  }

  private static Schema<?> schema(String json) {
    try {
      return Json.mapper().readValue(json, Schema.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String resource(String name) {
    try (InputStream in = OpenApiConfiguration.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + name + " is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
