package io.compresso.web.problem;

import java.io.IOException;
import java.io.Writer;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.jspecify.annotations.Nullable;

/**
 * Answers what Tomcat refuses before any servlet runs (a broken request line, header fields that
 * are too large) with a problem in place of Tomcat's page.
 */
public class ProblemValve extends ErrorReportValve {
  @Override
  protected void report(Request request, Response response, @Nullable Throwable throwable) {
    int status = response.getStatus();
    if (status < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
      return;
    }
    ProblemCode code = ProblemCode.ofStatus(status);
    String hint =
        switch (code) {
          case HEADERS_TOO_LARGE -> "\"hint\":\"Send fewer or shorter header fields.\",";
          case MALFORMED_REQUEST ->
              "\"hint\":\"Check the request line and the header fields: their size, and the"
                  + " encoding of the path and the query.\",";
          default -> "";
        };
    try {
      response.setContentType("application/problem+json");
      response.setCharacterEncoding("UTF-8");
      Writer writer = response.getReporter();
      if (writer != null) {
        writer.write(
            """
            {"type":"urn:compresso:problem:%s","title":"%s","status":%d,"detail":"%s","code":"%s",%s"retryable":%s}\
            """
                .formatted(
                    code.wire(),
                    code.title(),
                    status,
                    code.title(),
                    code.wire(),
                    hint,
                    code.retryable()));
        response.finishResponse();
      }
    } catch (IOException | IllegalStateException e) {
      container.getLogger().debug("the client left before its problem was written", e);
    }
  }
}
