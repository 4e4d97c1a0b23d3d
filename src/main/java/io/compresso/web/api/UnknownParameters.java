package io.compresso.web.api;

import io.compresso.web.problem.ApiProblem;
import io.compresso.web.problem.ApiProblemException;
import io.compresso.web.problem.FieldProblem;
import io.compresso.web.problem.ProblemCode;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Collectors;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.MethodParameter;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.util.UriComponentsBuilder;

/**
 * Refuses query parameters that an operation does not have: a misspelt {@code dryRun} must not
 * submit a job.
 */
@Configuration(proxyBeanMethods = false)
public class UnknownParameters implements WebMvcConfigurer, HandlerInterceptor {
  private final ConcurrentMap<HandlerMethod, Set<String>> known = new ConcurrentHashMap<>();
  private final DefaultParameterNameDiscoverer names = new DefaultParameterNameDiscoverer();

  @Override
  public void addInterceptors(InterceptorRegistry registry) {
    registry.addInterceptor(this).addPathPatterns("/v1/**");
  }

  @Override
  public boolean preHandle(
      HttpServletRequest request, HttpServletResponse response, Object handler) {
    if (request.getQueryString() == null
        || !(handler instanceof HandlerMethod method)
        || !method
            .getBeanType()
            .getPackageName()
            .equals(UnknownParameters.class.getPackageName())) {
      return true;
    }
    Set<String> expected = known.computeIfAbsent(method, this::parameters);
    List<FieldProblem> unknown =
        UriComponentsBuilder.newInstance()
            .query(request.getQueryString())
            .build()
            .getQueryParams()
            .keySet()
            .stream()
            .filter(name -> !expected.contains(name))
            .map(name -> new FieldProblem(name, "is not a parameter of this operation"))
            .toList();
    if (unknown.isEmpty()) {
      return true;
    }
    throw new ApiProblemException(
        ApiProblem.of(
                ProblemCode.INVALID_PARAMETER,
                unknown.stream()
                    .map(error -> error.field() + " " + error.message())
                    .collect(Collectors.joining("; ")))
            .withErrors(unknown)
            .withHint(
                expected.isEmpty()
                    ? "This operation has no query parameters."
                    : "Parameters known here: " + String.join(", ", expected) + "."));
  }

  private Set<String> parameters(HandlerMethod method) {
    return Arrays.stream(method.getMethodParameters())
        .filter(parameter -> parameter.hasParameterAnnotation(RequestParam.class))
        .map(this::nameOf)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private String nameOf(MethodParameter parameter) {
    parameter.initParameterNameDiscovery(names);
    String name = parameter.getParameterName();
    if (name == null) {
      throw new IllegalStateException("compile with -parameters: " + parameter);
    }
    return name;
  }
}
