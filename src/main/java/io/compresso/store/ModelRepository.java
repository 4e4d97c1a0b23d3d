package io.compresso.store;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.data.domain.Limit;
import org.springframework.data.repository.Repository;

/** Stored models, newest first. */
public interface ModelRepository extends Repository<ModelEntity, UUID> {
  ModelEntity save(ModelEntity model);

  Optional<ModelEntity> findById(UUID id);

  Optional<ModelEntity> findByJobId(UUID job);

  List<ModelEntity> findByJobIdIn(List<UUID> jobs);

  List<ModelEntity> findAllByOrderByIdDesc(Limit limit);

  List<ModelEntity> findByIdLessThanOrderByIdDesc(UUID before, Limit limit);
}
