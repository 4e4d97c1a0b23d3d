package io.compresso.compress;

import io.compresso.technique.TechniqueCatalog;
import java.util.List;
import org.springframework.stereotype.Service;
import tools.jackson.databind.JsonNode;

/** The catalogue of techniques. */
@Service
public class TechniqueService {
  /** Every technique with the schema of its parameters. */
  public List<TechniqueInfo> list() {
    return TechniqueCatalog.all().stream()
        .map(technique ->
            new TechniqueInfo(
                technique.id(),
                technique.description(),
                Json.MAPPER.valueToTree(TechniqueCatalog.schema(technique))))
        .toList();
  }

  /** The JSON schema (2020-12) of a job. */
  public JsonNode jobSchema() {
    return Json.MAPPER.valueToTree(TechniqueCatalog.schema());
  }
}
