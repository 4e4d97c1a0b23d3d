package io.compresso.compress;

import java.util.List;
import org.springframework.stereotype.Service;

/** The catalogue of techniques. */
@Service
public class TechniqueService {
  public List<TechniqueInfo> list() {
    return List.of();
  }
}
