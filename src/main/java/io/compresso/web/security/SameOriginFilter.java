package io.compresso.web.security;

import io.compresso.web.problem.ApiProblem;
import io.compresso.web.problem.ProblemCode;
import io.compresso.web.problem.ProblemWriter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Keeps pages of other origins away from a server without passwords. A request must name the server
 * by an address, by {@code localhost}, by a name without a dot or by a configured name: a name that
 * an attacker's DNS points at this host is none of them. A request that changes something and comes
 * from a browser must come from a page of this server.
 */
public final class SameOriginFilter extends OncePerRequestFilter {
  private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS", "TRACE");
  private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
  private static final Pattern IPV6 = Pattern.compile("\\[[0-9a-f:.]+(%[0-9a-z]+)?]");
  private static final Pattern SINGLE_LABEL = Pattern.compile("[a-z0-9]([a-z0-9_-]*[a-z0-9])?");

  private final List<String> allowedHosts;
  private final ProblemWriter writer;

  public SameOriginFilter(List<String> allowedHosts, ProblemWriter writer) {
    this.allowedHosts = allowedHosts.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
    this.writer = writer;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    @Nullable String authority = request.getHeader("Host");
    if (authority != null && !isOwnHost(authority)) {
      writer.write(
          ApiProblem.of(
                  ProblemCode.FORBIDDEN_HOST, "the server does not answer to the host name given")
              .withHint(
                  "Use the server's address or localhost, or add the name to"
                      + " compresso.web.allowed-hosts."),
          request,
          response);
      return;
    }
    if (!SAFE_METHODS.contains(request.getMethod()) && isForeign(request, authority)) {
      writer.write(
          ApiProblem.of(
                  ProblemCode.FORBIDDEN_ORIGIN,
                  "a page of another origin asked for a change of this server")
              .withHint("Send the request from the server's own pages or from outside a browser."),
          request,
          response);
      return;
    }
    chain.doFilter(request, response);
  }

  private boolean isOwnHost(String authority) {
    if (allowedHosts.contains("*")) {
      return true;
    }
    String host = hostOf(authority.toLowerCase(Locale.ROOT));
    return IPV4.matcher(host).matches()
        || IPV6.matcher(host).matches()
        || SINGLE_LABEL.matcher(host).matches()
        || host.endsWith(".localhost")
        || allowedHosts.contains(host);
  }

  private static String hostOf(String authority) {
    int bracket = authority.lastIndexOf(']');
    int colon = authority.indexOf(':', Math.max(bracket, 0));
    return colon < 0 ? authority : authority.substring(0, colon);
  }

  private static boolean isForeign(HttpServletRequest request, @Nullable String authority) {
    @Nullable String site = request.getHeader("Sec-Fetch-Site");
    if (site != null) {
      return !site.equals("same-origin") && !site.equals("none");
    }
    @Nullable String origin = request.getHeader("Origin");
    if (origin == null) {
      return false;
    }
    if (authority == null) {
      return true;
    }
    try {
      @Nullable String from = URI.create(origin).getAuthority();
      return from == null || !from.equalsIgnoreCase(authority);
    } catch (IllegalArgumentException e) {
      return true;
    }
  }
}
