package io.compresso;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.ComponentScan;

/** The service without its web layer, in the test's JVM. */
public final class ServiceContext {
  private ServiceContext() {}

  // No stereotype, or the service's own scan would find it on the tests' class path.
  @EnableAutoConfiguration
  @ComponentScan({"io.compresso.store", "io.compresso.job", "io.compresso.compress"})
  static class Layers {}

  /**
   * Starts use cases, queue and store.
   *
   * @param home the service's folder
   * @param properties in the form {@code name=value}
   */
  public static ConfigurableApplicationContext start(
      TestDatabase.Database database, Path home, String... properties) {
    List<String> all = new ArrayList<>(database.properties());
    all.add("compresso.home=" + home);
    all.addAll(List.of(properties));
    return new SpringApplicationBuilder(Layers.class)
        .web(WebApplicationType.NONE)
        .run(all.stream().map(property -> "--" + property).toArray(String[]::new));
  }
}
