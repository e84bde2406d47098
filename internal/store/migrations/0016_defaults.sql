-- A project has one default of each kind. Replicas that were started together could make several.
UPDATE subnets SET is_default = FALSE WHERE is_default
    AND vpc_id <> (SELECT s.vpc_id FROM subscriptions AS s WHERE s.project_id = subnets.project_id)
    AND EXISTS (SELECT 1 FROM subnets AS o JOIN subscriptions AS s ON s.project_id = o.project_id AND s.vpc_id = o.vpc_id
                WHERE o.project_id = subnets.project_id AND o.is_default);
UPDATE subnets SET is_default = FALSE WHERE is_default AND EXISTS (SELECT 1 FROM subnets AS o
    WHERE o.project_id = subnets.project_id AND o.is_default AND (o.created, o.id) < (subnets.created, subnets.id));
UPDATE security_groups SET is_default = FALSE WHERE is_default AND EXISTS (SELECT 1 FROM security_groups AS o
    WHERE o.project_id = security_groups.project_id AND o.is_default AND (o.created, o.id) < (security_groups.created, security_groups.id));
UPDATE name_policies SET is_default = FALSE WHERE is_default AND EXISTS (SELECT 1 FROM name_policies AS o
    WHERE o.project_id = name_policies.project_id AND o.is_default AND (o.created, o.id) < (name_policies.created, name_policies.id));

CREATE UNIQUE INDEX subnets_project_id ON subnets (project_id) WHERE is_default;
CREATE UNIQUE INDEX security_groups_project_id ON security_groups (project_id) WHERE is_default;
CREATE UNIQUE INDEX name_policies_project_id ON name_policies (project_id) WHERE is_default;
