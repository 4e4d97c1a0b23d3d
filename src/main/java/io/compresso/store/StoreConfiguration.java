package io.compresso.store;

import io.compresso.store.embedded.EmbeddedPostgres;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The database and the blob store. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(StoreProperties.class)
class StoreConfiguration {
  @Bean(destroyMethod = "close")
  FolderBlobStore blobStore(StoreProperties properties, StoreMetrics metrics) throws IOException {
    return new FolderBlobStore(properties.blobFolder(), metrics::received);
  }

  @Bean
  StoreMetrics storeMetrics(MeterRegistry registry, JdbcClient jdbc) {
    return new StoreMetrics(registry, jdbc);
  }

  @Bean
  BlobStoreHealth blobStoreHealthIndicator(StoreProperties properties) {
    return new BlobStoreHealth(properties.blobFolder());
  }

  /** The program's own PostgreSQL, where no other is configured. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnProperty(
      name = "spring.datasource.url",
      matchIfMissing = true,
      havingValue = "embedded")
  static class Embedded {
    @Bean(destroyMethod = "close")
    EmbeddedPostgres embeddedPostgres(StoreProperties properties) throws IOException {
      return EmbeddedPostgres.open(
          properties.home().resolve("postgres"), properties.binariesFolder());
    }

    @Bean
    JdbcConnectionDetails embeddedConnectionDetails(EmbeddedPostgres postgres) {
      return new JdbcConnectionDetails() {
        @Override
        public String getUsername() {
          return EmbeddedPostgres.USER;
        }

        @Override
        public String getPassword() {
          return postgres.password();
        }

        @Override
        public String getJdbcUrl() {
          return postgres.jdbcUrl();
        }
      };
    }
  }
}
