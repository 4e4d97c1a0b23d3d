package io.compresso.store;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.data.domain.Limit;
import org.springframework.data.repository.Repository;

/** Jobs, newest first. */
public interface JobRepository extends Repository<JobEntity, UUID> {
  Optional<JobEntity> findById(UUID id);

  Optional<JobEntity> findByIdempotencyKey(String key);

  List<JobEntity> findAllByOrderByIdDesc(Limit limit);

  List<JobEntity> findByIdLessThanOrderByIdDesc(UUID before, Limit limit);

  List<JobEntity> findByStateOrderByIdDesc(String state, Limit limit);

  List<JobEntity> findByStateAndIdLessThanOrderByIdDesc(String state, UUID before, Limit limit);
}
