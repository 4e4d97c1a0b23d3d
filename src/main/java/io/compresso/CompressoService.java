package io.compresso;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;

/** The service: REST, dashboard, queue and workers in one process. */
@SpringBootApplication
public class CompressoService {
  /**
   * Starts the service; closing the context stops it.
   *
   * @param arguments Spring Boot's, for example {@code --server.port=8081}
   */
  public static ConfigurableApplicationContext start(String... arguments) {
    return new SpringApplication(CompressoService.class).run(arguments);
  }

  public static void main(String[] args) {
    start(args);
  }
}
