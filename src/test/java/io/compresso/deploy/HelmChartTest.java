package io.compresso.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** Lints the Helm chart and renders it the ways in which it is meant to be installed. */
class HelmChartTest {
  private static final Helm CHART = new Helm(Path.of("helm"));

  @Test
  void chart_passesTheLinter() {
    LintResult result = CHART.lint().strict().call();

    assertThat(result.isFailed()).as(String.join("\n", result.getMessages())).isFalse();
  }

  @Test
  void chart_rendersOneServerOnTheEmbeddedDatabase_withDefaultValues() {
    List<Map<String, Object>> manifests = render(template());

    assertThat(manifests)
        .extracting(manifest -> manifest.get("kind"))
        .containsExactlyInAnyOrder("Deployment", "Service", "PersistentVolumeClaim");
    Map<String, Object> spec = map(find(manifests, "Deployment").get("spec"));
    assertThat(spec).containsEntry("replicas", 1);
    assertThat(map(spec.get("strategy"))).containsEntry("type", "Recreate");
    Map<String, Object> container = container(spec);
    assertThat(container).doesNotContainKey("command").doesNotContainKey("args");
    assertThat(map(container.get("securityContext")))
        .containsEntry("readOnlyRootFilesystem", true)
        .containsEntry("allowPrivilegeEscalation", false);
    assertThat(container).containsKeys("startupProbe", "livenessProbe", "readinessProbe");
    assertThat(map(container.get("resources"))).containsKeys("requests", "limits");
    Map<String, Object> pod = map(map(spec.get("template")).get("spec"));
    assertThat(map(pod.get("securityContext")))
        .containsEntry("runAsNonRoot", true)
        .containsEntry("runAsUser", 10001);
  }

  @Test
  void chart_passesTheDatabaseToTheServers_whenAnUrlIsSet() {
    List<Map<String, Object>> manifests =
        render(
            template()
                .set("replicaCount", 2)
                .set("persistence.accessMode", "ReadWriteMany")
                .set("database.url", "jdbc:postgresql://db:5432/compresso")
                .set("database.password", "secret")
                .set("ingress.enabled", true));

    assertThat(manifests)
        .extracting(manifest -> manifest.get("kind"))
        .containsExactlyInAnyOrder(
            "Deployment", "Service", "PersistentVolumeClaim", "Secret", "Ingress");
    Map<String, Object> container = container(map(find(manifests, "Deployment").get("spec")));
    assertThat((List<?>) container.get("env"))
        .extracting(variable -> map(variable).get("name"))
        .containsExactly(
            "SPRING_DATASOURCE_URL", "SPRING_DATASOURCE_USERNAME", "SPRING_DATASOURCE_PASSWORD");
  }

  @Test
  void chart_refusesSeveralReplicas_onTheEmbeddedDatabase() {
    assertThatThrownBy(() -> template().set("replicaCount", 2).call())
        .hasMessageContaining("several replicas need database.url");
  }

  @Test
  void chart_refusesADatabaseWithoutAPassword() {
    assertThatThrownBy(
            () -> template().set("database.url", "jdbc:postgresql://db/compresso").call())
        .hasMessageContaining("database.password or database.existingSecret");
  }

  private static TemplateCommand template() {
    return CHART.template().withKubeVersion("1.33.0");
  }

  private static List<Map<String, Object>> render(TemplateCommand command) {
    return StreamSupport.stream(new Yaml().loadAll(command.call()).spliterator(), false)
        .filter(manifest -> manifest != null)
        .map(HelmChartTest::map)
        .toList();
  }

  private static Map<String, Object> find(List<Map<String, Object>> manifests, String kind) {
    return manifests.stream()
        .filter(manifest -> kind.equals(manifest.get("kind")))
        .findFirst()
        .orElseThrow();
  }

  private static Map<String, Object> container(Map<String, Object> deployment) {
    Map<String, Object> pod = map(map(deployment.get("template")).get("spec"));
    return map(((List<?>) pod.get("containers")).getFirst());
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Object value) {
    return (Map<String, Object>) value;
  }
}
