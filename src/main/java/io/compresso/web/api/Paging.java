package io.compresso.web.api;

import io.compresso.store.Page;
import io.compresso.web.problem.ApiProblem;
import io.compresso.web.problem.ApiProblemException;
import io.compresso.web.problem.FieldProblem;
import io.compresso.web.problem.ProblemCode;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.ResponseEntity;
import org.springframework.web.servlet.support.ServletUriComponentsBuilder;

/** Lists by page: cursors that clients cannot read, and the link to the next page. */
final class Paging {
  static final int MAX_LIMIT = 200;

  private Paging() {}

  /**
   * What stands behind a cursor of a list.
   *
   * @param list the list's name, which every cursor carries: one of another list is refused
   */
  static @Nullable String open(String list, @Nullable String cursor) {
    if (cursor == null || cursor.isEmpty()) {
      return null;
    }
    try {
      String text = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
      if (text.startsWith(list + ":")) {
        return text.substring(list.length() + 1);
      }
    } catch (IllegalArgumentException _) {
      // The problem below says it.
    }
    throw new ApiProblemException(
        ApiProblem.of(ProblemCode.INVALID_CURSOR, "the cursor is not one of this list")
            .withErrors(List.of(new FieldProblem("cursor", "is not a cursor of this list")))
            .withHint("Pass the 'next' of the page before, unchanged, or no cursor."));
  }

  static int limit(int limit) {
    if (limit < 1 || limit > MAX_LIMIT) {
      String message = "must be from 1 to " + MAX_LIMIT + ", got " + limit;
      throw new ApiProblemException(
          ApiProblem.of(ProblemCode.INVALID_PARAMETER, "limit " + message)
              .withErrors(List.of(new FieldProblem("limit", message))));
    }
    return limit;
  }

  static @Nullable String seal(String list, @Nullable String next) {
    return next == null
        ? null
        : Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString((list + ":" + next).getBytes(StandardCharsets.UTF_8));
  }

  /** Answers with a page, and with a {@code Link} header to the next one. */
  static <T, R, P> ResponseEntity<P> respond(
      String list, Page<T> page, Function<T, R> item, PageFactory<R, P> factory) {
    @Nullable String next = seal(list, page.next());
    HttpHeaders headers = new HttpHeaders();
    if (next != null) {
      String uri =
          ServletUriComponentsBuilder.fromCurrentRequest()
              .replaceQueryParam("cursor", next)
              .build()
              .toUriString();
      headers.set(HttpHeaders.LINK, "<" + uri + ">; rel=\"next\"");
    }
    return ResponseEntity.ok()
        .headers(headers)
        .body(factory.create(page.items().stream().map(item).toList(), next));
  }

  /** Makes a page's body. */
  interface PageFactory<R, P> {
    P create(List<R> items, @Nullable String next);
  }
}
