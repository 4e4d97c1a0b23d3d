package io.compresso.web.api;

import io.compresso.compress.AdviceService;
import io.compresso.compress.ModelInfo;
import io.compresso.compress.ModelService;
import io.compresso.web.openapi.Refusals;
import io.swagger.v3.oas.annotations.Hidden;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.headers.Header;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RequestPart;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

/** Models. */
@RestController
@RequestMapping("/v1/models")
@Tag(name = "models", description = "ONNX models: uploaded, or made by jobs. They never change.")
public class ModelController {
  private static final String LIST = "models";

  private final ModelService models;
  private final AdviceService advice;

  public ModelController(ModelService models, AdviceService advice) {
    this.models = models;
    this.advice = advice;
  }

  @PostMapping(
      consumes = {
        MediaType.APPLICATION_OCTET_STREAM_VALUE,
        "application/onnx",
        "application/zip",
        "application/x-tar",
        "application/gzip"
      },
      produces = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      operationId = "uploadModel",
      summary = "Uploads a model",
      description =
          "Stores an ONNX file, or a tar or zip archive of one ONNX file and its external data. The"
              + " body is streamed: its size is not bounded by memory. The model is checked before"
              + " anything is stored.",
      requestBody =
          @RequestBody(
              required = true,
              description = "The file as the whole body, or as the part `file` of a form",
              content = {
                @Content(
                    mediaType = MediaType.MULTIPART_FORM_DATA_VALUE,
                    schema = @Schema(implementation = UploadForm.class)),
                @Content(
                    mediaType = MediaType.APPLICATION_OCTET_STREAM_VALUE,
                    schema = @Schema(type = "string", format = "binary")),
                @Content(
                    mediaType = "application/zip",
                    schema = @Schema(type = "string", format = "binary")),
                @Content(
                    mediaType = "application/x-tar",
                    schema = @Schema(type = "string", format = "binary"))
              }))
  @ApiResponse(
      responseCode = "201",
      description = "The model is stored",
      headers =
          @Header(
              name = "Location",
              description = "Path of the model",
              schema =
                  @Schema(
                      type = "string",
                      example = "/v1/models/019a8f3c-7c1e-7000-8000-6d1f2a3b4c5d")),
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON_VALUE,
              schema = @Schema(implementation = ModelResource.class)))
  @Refusals({400, 413, 415, 422})
  ResponseEntity<ModelResource> upload(
      @Parameter(description = "Name for people; \"model\" by default", example = "mnist-8")
          @RequestParam(required = false)
          @Nullable String name,
      HttpServletRequest request)
      throws IOException {
    return store(request.getInputStream(), name == null ? "model" : name);
  }

  @PostMapping(
      consumes = MediaType.MULTIPART_FORM_DATA_VALUE,
      produces = MediaType.APPLICATION_JSON_VALUE)
  @Hidden
  ResponseEntity<ModelResource> uploadForm(
      @RequestPart("file") MultipartFile file,
      @RequestParam(required = false) @Nullable String name)
      throws IOException {
    try (InputStream in = file.getInputStream()) {
      return store(in, name == null ? Uploads.nameOf(file, "model") : name);
    }
  }

  private ResponseEntity<ModelResource> store(InputStream in, String name) throws IOException {
    ModelInfo model = models.upload(in, name);
    return ResponseEntity.created(URI.create("/v1/models/" + model.id()))
        .body(ModelResource.of(model));
  }

  @GetMapping(produces = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      operationId = "listModels",
      summary = "Lists models",
      description = "Newest first, page by page.")
  @ApiResponse(responseCode = "200", description = "A page", useReturnTypeSchema = true)
  @Refusals({400})
  ResponseEntity<ModelPage> list(
      @PageCursor @RequestParam(required = false) @Nullable String cursor,
      @PageLimit @RequestParam(defaultValue = "50") int limit) {
    return Paging.respond(
        LIST,
        models.list(Paging.open(LIST, cursor), Paging.limit(limit)),
        ModelResource::of,
        ModelPage::new);
  }

  @GetMapping(path = "/{id}", produces = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      operationId = "getModel",
      summary = "Describes a model",
      description = "What the model takes, gives and consists of, and where it comes from.")
  @ApiResponse(responseCode = "200", description = "The model", useReturnTypeSchema = true)
  @Refusals({400, 404})
  ModelResource get(@Parameter(description = "Identifier of the model") @PathVariable UUID id) {
    return ModelResource.of(models.get(id));
  }

  @GetMapping(
      path = "/{id}/file",
      produces = {MediaType.APPLICATION_OCTET_STREAM_VALUE, MediaType.ALL_VALUE})
  @Operation(
      operationId = "downloadModel",
      summary = "Downloads a model",
      description =
          "The file as it was stored. Answers `If-None-Match`, `Range` and `If-Range`; the entity"
              + " tag is the SHA-256.")
  @DownloadResponses
  @Refusals({400, 404, 416})
  void download(
      @Parameter(description = "Identifier of the model") @PathVariable UUID id,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    Download.send(models.content(id), models.get(id).createdAt(), request, response);
  }

  @GetMapping(path = "/{id}/advice", produces = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      operationId = "adviseModel",
      summary = "Says what to try first",
      description =
          "Which technique to try first and why, from the graph, the data that is there and the"
              + " target, with estimates of size and speed. Each step can be sent as it is in a"
              + " job's pipeline.")
  @ApiResponse(responseCode = "200", description = "The advice", useReturnTypeSchema = true)
  @Refusals({400, 404, 422})
  AdviceResource advise(
      @Parameter(description = "Identifier of the model") @PathVariable UUID id,
      @Parameter(
              description = "The CPU that the model is for; this server's by default",
              example = "arm64-dotprod")
          @RequestParam(defaultValue = AdviceService.THIS_HOST)
          String target,
      @Parameter(description = "The data that a job would use; whichever fits by default")
          @RequestParam(required = false)
          @Nullable UUID dataset) {
    return AdviceResource.of(advice.advise(id, target, dataset));
  }

  @DeleteMapping("/{id}")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  @Operation(
      operationId = "deleteModel",
      summary = "Deletes a model",
      description = "Refused while a job or another model refers to it.")
  @ApiResponse(responseCode = "204", description = "The model is gone")
  @Refusals({400, 404, 409})
  void delete(@Parameter(description = "Identifier of the model") @PathVariable UUID id) {
    models.delete(id);
  }
}
