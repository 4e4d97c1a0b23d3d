package io.compresso.web.api;

import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.Parameters;
import io.swagger.v3.oas.annotations.enums.ParameterIn;
import io.swagger.v3.oas.annotations.headers.Header;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The headers and answers of a download, for the OpenAPI document. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Parameters({
  @Parameter(
      name = "Range",
      in = ParameterIn.HEADER,
      description = "A range of bytes",
      example = "bytes=0-1023",
      schema = @Schema(type = "string")),
  @Parameter(
      name = "If-None-Match",
      in = ParameterIn.HEADER,
      description = "Entity tags that the client has",
      example = "\"2f06e72de813a8635c9bc0397ac447a601bdbfa7df4bebc278723b958831c9bf\"",
      schema = @Schema(type = "string")),
  @Parameter(
      name = "If-Range",
      in = ParameterIn.HEADER,
      description = "The entity tag that the range is meant for",
      example = "\"2f06e72de813a8635c9bc0397ac447a601bdbfa7df4bebc278723b958831c9bf\"",
      schema = @Schema(type = "string"))
})
@ApiResponse(
    responseCode = "200",
    description = "The whole content",
    headers = {
      @Header(
          name = "ETag",
          description = "The SHA-256 of the content, quoted",
          schema = @Schema(type = "string")),
      @Header(
          name = "Repr-Digest",
          description = "The SHA-256 of the content as RFC 9530 writes it",
          schema = @Schema(type = "string"))
    },
    content =
        @Content(
            mediaType = "application/octet-stream",
            schema = @Schema(type = "string", format = "binary")))
@ApiResponse(
    responseCode = "206",
    description = "The range",
    headers =
        @Header(
            name = "Content-Range",
            description = "Which bytes these are",
            schema = @Schema(type = "string", example = "bytes 0-1023/26454")),
    content =
        @Content(
            mediaType = "application/octet-stream",
            schema = @Schema(type = "string", format = "binary")))
@ApiResponse(responseCode = "304", description = "The client has it already")
@interface DownloadResponses {}
