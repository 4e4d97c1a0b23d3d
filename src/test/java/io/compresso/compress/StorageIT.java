package io.compresso.compress;

import static org.assertj.core.api.Assertions.assertThat;

import io.compresso.ServiceContext;
import io.compresso.TestDatabase;
import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.ConfigurableApplicationContext;

class StorageIT {
  @TempDir static Path home;
  private static ConfigurableApplicationContext service;

  @BeforeAll
  static void start() {
    service = ServiceContext.start(TestDatabase.create(), home);
  }

  @AfterAll
  static void stop() {
    service.close();
  }

  @Test
  void model_isGivenBack_afterUpload() throws Exception {
    ModelService models = service.getBean(ModelService.class);
    ModelInfo model = models.upload(new ByteArrayInputStream(TestModels.linear(7)), "three");
    assertThat(models.get(model.id())).isEqualTo(model);
    assertThat(models.content(model.id()).open(0, 2).readAllBytes()).hasSize(2);
  }
}
