package io.compresso.web.security;

import io.compresso.web.problem.ApiProblem;
import io.compresso.web.problem.ProblemCode;
import io.compresso.web.problem.ProblemValve;
import io.compresso.web.problem.ProblemWriter;
import org.apache.catalina.core.StandardHost;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.tomcat.TomcatWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.authentication.AuthenticationManager;
import org.springframework.security.authentication.ProviderNotFoundException;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.annotation.web.configurers.HeadersConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.security.web.firewall.RequestRejectedHandler;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;

/** Stateless security of a server that listens on loopback and has no accounts yet. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(WebProperties.class)
public class SecurityConfiguration {
  /** Scripts and styles come from this server's files alone; nothing may frame its pages. */
  private static final String CONTENT_SECURITY_POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
          + " connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none';"
          + " frame-ancestors 'none'";

  @Bean
  SecurityFilterChain securityFilterChain(
      HttpSecurity http, WebProperties properties, ProblemWriter writer) throws Exception {
    return http
        // No session and no cookie exist that a foreign page could ride on; SameOriginFilter
        // refuses what such a page could send without them.
        .csrf(AbstractHttpConfigurer::disable)
        .httpBasic(AbstractHttpConfigurer::disable)
        .formLogin(AbstractHttpConfigurer::disable)
        .logout(AbstractHttpConfigurer::disable)
        .requestCache(AbstractHttpConfigurer::disable)
        .sessionManagement(
            session -> session.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
        .authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
        .addFilterBefore(
            new SameOriginFilter(properties.allowedHosts(), writer), AuthorizationFilter.class)
        .exceptionHandling(handling ->
            handling
                .authenticationEntryPoint(
                    (request, response, _) -> writer.write(forbidden(), request, response))
                .accessDeniedHandler(
                    (request, response, _) -> writer.write(forbidden(), request, response)))
        .headers(headers ->
            headers
                .contentSecurityPolicy(policy -> policy.policyDirectives(CONTENT_SECURITY_POLICY))
                .referrerPolicy(policy -> policy.policy(ReferrerPolicy.SAME_ORIGIN))
                .crossOriginOpenerPolicy(policy ->
                    policy.policy(
                        org.springframework.security.web.header.writers
                            .CrossOriginOpenerPolicyHeaderWriter.CrossOriginOpenerPolicy
                            .SAME_ORIGIN))
                .crossOriginResourcePolicy(policy ->
                    policy.policy(
                        org.springframework.security.web.header.writers
                            .CrossOriginResourcePolicyHeaderWriter.CrossOriginResourcePolicy
                            .SAME_ORIGIN))
                .cacheControl(HeadersConfigurer.CacheControlConfig::disable)
                .frameOptions(HeadersConfigurer.FrameOptionsConfig::deny))
        .build();
  }

  /** There are no accounts: whoever tries to log in is refused, and no default user is made. */
  @Bean
  AuthenticationManager authenticationManager() {
    return authentication -> {
      throw new ProviderNotFoundException("there are no accounts");
    };
  }

  @Bean
  RequestRejectedHandler requestRejectedHandler(ProblemWriter writer) {
    return (request, response, _) ->
        writer.write(
            ApiProblem.of(
                ProblemCode.MALFORMED_REQUEST,
                "the path, the method or a header field has characters that are not allowed"),
            request,
            response);
  }

  @Bean
  WebServerFactoryCustomizer<TomcatWebServerFactory> problemValve() {
    return factory ->
        factory.addContextCustomizers(context -> {
          if (context.getParent() instanceof StandardHost host) {
            host.setErrorReportValveClass(ProblemValve.class.getName());
          }
        });
  }

  private static ApiProblem forbidden() {
    return ApiProblem.of(ProblemCode.FORBIDDEN, "the request is not allowed");
  }
}
