package io.compresso.web.api;

import io.compresso.compress.Content;
import io.compresso.web.problem.ApiProblem;
import io.compresso.web.problem.ApiProblemException;
import io.compresso.web.problem.ProblemCode;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ContentDisposition;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpRange;

/**
 * Sends stored content as RFC 9110 describes it: strong entity tags, {@code If-None-Match}, one
 * byte range, {@code If-Range}. Several ranges in one request are answered with the whole, as the
 * RFC allows.
 */
final class Download {
  private Download() {}

  static void send(
      Content content, Instant modified, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    String tag = "\"" + content.sha256() + "\"";
    response.setHeader(HttpHeaders.ETAG, tag);
    response.setDateHeader(HttpHeaders.LAST_MODIFIED, modified.toEpochMilli());
    response.setHeader(HttpHeaders.ACCEPT_RANGES, "bytes");
    response.setHeader(HttpHeaders.CACHE_CONTROL, "private, max-age=31536000, immutable");
    if (matches(request.getHeader(HttpHeaders.IF_NONE_MATCH), tag)) {
      response.setStatus(HttpServletResponse.SC_NOT_MODIFIED);
      return;
    }
    long size = content.size();
    long first = 0;
    long length = size;
    @Nullable HttpRange range = range(request, tag, size);
    if (range != null) {
      first = range.getRangeStart(size);
      length = range.getRangeEnd(size) - first + 1;
      if (first >= size || length <= 0) {
        throw unsatisfiable(size, response);
      }
      response.setStatus(HttpServletResponse.SC_PARTIAL_CONTENT);
      response.setHeader(
          HttpHeaders.CONTENT_RANGE, "bytes " + first + "-" + (first + length - 1) + "/" + size);
    }
    response.setContentType(content.mediaType());
    response.setContentLengthLong(length);
    response.setHeader(
        "Repr-Digest",
        "sha-256=:"
            + Base64.getEncoder().encodeToString(HexFormat.of().parseHex(content.sha256()))
            + ":");
    response.setHeader(
        HttpHeaders.CONTENT_DISPOSITION,
        ContentDisposition.attachment()
            .filename(content.fileName(), StandardCharsets.UTF_8)
            .build()
            .toString());
    if (request.getMethod().equals("HEAD")) {
      return;
    }
    try (InputStream in = content.open(first, length)) {
      in.transferTo(response.getOutputStream());
    }
  }

  private static @Nullable HttpRange range(HttpServletRequest request, String tag, long size) {
    @Nullable String header = request.getHeader(HttpHeaders.RANGE);
    @Nullable String condition = request.getHeader(HttpHeaders.IF_RANGE);
    if (header == null
        || !header.trim().startsWith("bytes=")
        || (condition != null && !condition.equals(tag))) {
      return null;
    }
    List<HttpRange> ranges;
    try {
      ranges = HttpRange.parseRanges(header.trim());
    } catch (IllegalArgumentException e) {
      throw new ApiProblemException(
          ApiProblem.of(
                  ProblemCode.RANGE_NOT_SATISFIABLE, "the Range header is malformed: " + header)
              .withHint("Ask for bytes=FIRST-LAST within the " + size + " bytes."),
          contentRange(size));
    }
    return ranges.size() == 1 ? ranges.getFirst() : null;
  }

  private static ApiProblemException unsatisfiable(long size, HttpServletResponse response) {
    response.setHeader(HttpHeaders.ETAG, null);
    return new ApiProblemException(
        ApiProblem.of(
                ProblemCode.RANGE_NOT_SATISFIABLE,
                "the range lies outside of the content's " + size + " bytes")
            .withHint("Ask for bytes=FIRST-LAST with FIRST below " + size + "."),
        contentRange(size));
  }

  private static HttpHeaders contentRange(long size) {
    HttpHeaders headers = new HttpHeaders();
    headers.set(HttpHeaders.CONTENT_RANGE, "bytes */" + size);
    return headers;
  }

  private static boolean matches(@Nullable String header, String tag) {
    return header != null
        && (header.trim().equals("*")
            || Arrays.stream(header.split(","))
                .map(String::trim)
                .map(candidate -> candidate.startsWith("W/") ? candidate.substring(2) : candidate)
                .anyMatch(tag::equals));
  }
}
