package io.compresso.web.api;

import io.compresso.compress.DatasetInfo;
import io.compresso.compress.DatasetService;
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
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RequestPart;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

/** Data sets. */
@RestController
@RequestMapping("/v1/datasets")
@Tag(
    name = "datasets",
    description = "Data to calibrate, train and evaluate with. They never change.")
public class DatasetController {
  private static final String LIST = "datasets";

  private final DatasetService datasets;
  private final Documents documents;

  public DatasetController(DatasetService datasets, Documents documents) {
    this.datasets = datasets;
    this.documents = documents;
  }

  @PostMapping(
      consumes = {
        MediaType.APPLICATION_OCTET_STREAM_VALUE,
        "application/zip",
        "application/x-tar",
        "application/gzip",
        "text/csv"
      },
      produces = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      operationId = "uploadDataset",
      summary = "Uploads a data set",
      description =
          "Stores a file (IDX, NPY, NPZ, CSV) or a tar or zip archive (class folders of JPEG, PNG or"
              + " WAV files, a CSV of text with its vocabulary, or files as above). The body is"
              + " streamed: its size is not bounded by memory. The data is checked before anything"
              + " is stored.",
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
                    schema = @Schema(type = "string", format = "binary")),
                @Content(
                    mediaType = "text/csv",
                    schema = @Schema(type = "string", format = "binary"))
              }))
  @ApiResponse(
      responseCode = "201",
      description = "The data set is stored",
      headers =
          @Header(
              name = "Location",
              description = "Path of the data set",
              schema =
                  @Schema(
                      type = "string",
                      example = "/v1/datasets/019a8f3d-2b6f-7000-8000-1a2b3c4d5e6f")),
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON_VALUE,
              schema = @Schema(implementation = DatasetResource.class)))
  @Refusals({400, 413, 415, 422})
  ResponseEntity<DatasetResource> upload(
      @Parameter(description = "Name for people; \"dataset\" by default", example = "mnist-train")
          @RequestParam(required = false)
          @Nullable String name,
      @Parameter(
              description =
                  "How the data is read: a DatasetSpec as JSON; told from the content by default",
              example = "{\"format\": \"idx\"}")
          @RequestParam(required = false)
          @Nullable String spec,
      @Parameter(description = "The same as the parameter `spec`, as a header")
          @RequestHeader(name = "Dataset-Spec", required = false)
          @Nullable String specHeader,
      HttpServletRequest request)
      throws IOException {
    return store(
        request.getInputStream(),
        name == null ? "dataset" : name,
        spec == null ? specHeader : spec);
  }

  @PostMapping(
      consumes = MediaType.MULTIPART_FORM_DATA_VALUE,
      produces = MediaType.APPLICATION_JSON_VALUE)
  @Hidden
  ResponseEntity<DatasetResource> uploadForm(
      @RequestPart("file") MultipartFile file,
      @RequestParam(required = false) @Nullable String name,
      @RequestParam(required = false) @Nullable String spec)
      throws IOException {
    try (InputStream in = file.getInputStream()) {
      return store(in, name == null ? Uploads.nameOf(file, "dataset") : name, spec);
    }
  }

  private ResponseEntity<DatasetResource> store(InputStream in, String name, @Nullable String spec)
      throws IOException {
    DatasetInfo dataset = datasets.upload(in, name, documents.inline("spec", spec));
    return ResponseEntity.created(URI.create("/v1/datasets/" + dataset.id()))
        .body(DatasetResource.of(dataset));
  }

  @GetMapping(produces = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      operationId = "listDatasets",
      summary = "Lists data sets",
      description = "Newest first, page by page.")
  @ApiResponse(responseCode = "200", description = "A page", useReturnTypeSchema = true)
  @Refusals({400})
  ResponseEntity<DatasetPage> list(
      @PageCursor @RequestParam(required = false) @Nullable String cursor,
      @PageLimit @RequestParam(defaultValue = "50") int limit) {
    return Paging.respond(
        LIST,
        datasets.list(Paging.open(LIST, cursor), Paging.limit(limit)),
        DatasetResource::of,
        DatasetPage::new);
  }

  @GetMapping(path = "/{id}", produces = MediaType.APPLICATION_JSON_VALUE)
  @Operation(
      operationId = "getDataset",
      summary = "Describes a data set",
      description = "What an example supplies, and how many there are of each class.")
  @ApiResponse(responseCode = "200", description = "The data set", useReturnTypeSchema = true)
  @Refusals({400, 404})
  DatasetResource get(
      @Parameter(description = "Identifier of the data set") @PathVariable UUID id) {
    return DatasetResource.of(datasets.get(id));
  }

  @GetMapping(
      path = "/{id}/file",
      produces = {MediaType.APPLICATION_OCTET_STREAM_VALUE, MediaType.ALL_VALUE})
  @Operation(
      operationId = "downloadDataset",
      summary = "Downloads a data set",
      description =
          "The file as it was uploaded. Answers `If-None-Match`, `Range` and `If-Range`; the entity"
              + " tag is the SHA-256.")
  @DownloadResponses
  @Refusals({400, 404, 416})
  void download(
      @Parameter(description = "Identifier of the data set") @PathVariable UUID id,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    Download.send(datasets.content(id), datasets.get(id).createdAt(), request, response);
  }

  @DeleteMapping("/{id}")
  @ResponseStatus(HttpStatus.NO_CONTENT)
  @Operation(
      operationId = "deleteDataset",
      summary = "Deletes a data set",
      description = "Refused while a job refers to it.")
  @ApiResponse(responseCode = "204", description = "The data set is gone")
  @Refusals({400, 404, 409})
  void delete(@Parameter(description = "Identifier of the data set") @PathVariable UUID id) {
    datasets.delete(id);
  }
}
