package io.compresso.store;

import io.compresso.store.embedded.EmbeddedPostgres;
import java.io.IOException;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The database and the blob store. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(StoreProperties.class)
class StoreConfiguration {
  @Bean(destroyMethod = "close")
  FolderBlobStore blobStore(StoreProperties properties) throws IOException {
    return new FolderBlobStore(properties.blobFolder());
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
