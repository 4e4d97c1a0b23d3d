package io.compresso.web.security;

import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the server is reached.
 *
 * @param allowedHosts host names, beside addresses, {@code localhost} and names without a dot,
 *     under which a browser may reach the server; {@code *} turns the check off
 */
@ConfigurationProperties("compresso.web")
public record WebProperties(@DefaultValue List<String> allowedHosts) {}
