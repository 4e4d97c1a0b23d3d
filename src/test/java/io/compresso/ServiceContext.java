package io.compresso;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** Starts the service in the test's JVM. */
public final class ServiceContext {
  private ServiceContext() {}

  /**
   * Starts the whole service on a free port.
   *
   * @param home its folder
   * @param properties in the form {@code name=value}
   */
  public static ConfigurableApplicationContext start(
      TestDatabase.Database database, Path home, String... properties) {
    List<String> all = new ArrayList<>(database.properties());
    all.add("compresso.home=" + home);
    all.add("server.port=0");
    all.addAll(List.of(properties));
    return new SpringApplicationBuilder(CompressoService.class)
        .web(WebApplicationType.SERVLET)
        .run(all.stream().map(property -> "--" + property).toArray(String[]::new));
  }
}
