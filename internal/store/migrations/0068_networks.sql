-- VPCs, subnets and security groups are created by the API; a network of the engine is made and removed for its subnet.
ALTER TABLE vpcs ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE vpcs ADD COLUMN enterprise_id TEXT NOT NULL DEFAULT '0';
ALTER TABLE vpcs ADD COLUMN updated TIMESTAMPTZ;
UPDATE vpcs SET updated = created;

ALTER TABLE subnets ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE subnets ADD COLUMN updated TIMESTAMPTZ;
UPDATE subnets SET updated = created;

ALTER TABLE security_groups ADD COLUMN enterprise_id TEXT NOT NULL DEFAULT '0';
ALTER TABLE security_groups ADD COLUMN updated TIMESTAMPTZ;
UPDATE security_groups SET updated = created;

-- What the engine has of a network.
ALTER TABLE networks ADD COLUMN cidr TEXT NOT NULL DEFAULT '';
ALTER TABLE networks ADD COLUMN gateway TEXT NOT NULL DEFAULT '';
ALTER TABLE networks ADD COLUMN made BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE networks ADD COLUMN removing BOOLEAN NOT NULL DEFAULT FALSE; -- its subnet is deleted
ALTER TABLE networks ADD COLUMN configured BOOLEAN NOT NULL DEFAULT FALSE; -- of the operator's configuration
ALTER TABLE networks ADD COLUMN fault TEXT NOT NULL DEFAULT ''; -- why the engine does not make or remove it
ALTER TABLE networks ADD COLUMN dirty BOOLEAN NOT NULL DEFAULT TRUE; -- its rules may be others than those that were compiled last
ALTER TABLE networks ADD COLUMN rules TEXT NOT NULL DEFAULT ''; -- a hash of those
ALTER TABLE networks ADD COLUMN wanted BIGINT NOT NULL DEFAULT 0; -- their version
ALTER TABLE networks ADD COLUMN applied BIGINT NOT NULL DEFAULT 0; -- the version that the engine has
UPDATE networks SET cidr = (SELECT MIN(s.cidr) FROM subnets AS s WHERE s.network = networks.id),
    gateway = (SELECT MIN(s.gateway) FROM subnets AS s WHERE s.network = networks.id)
    WHERE EXISTS (SELECT 1 FROM subnets AS s WHERE s.network = networks.id);
CREATE INDEX networks_open ON networks (id) WHERE dirty OR removing OR NOT made OR applied < wanted;

CREATE TABLE security_group_rules (
    id            TEXT NOT NULL PRIMARY KEY,
    project_id    TEXT NOT NULL,
    group_id      TEXT NOT NULL REFERENCES security_groups (id) ON DELETE CASCADE,
    description   TEXT NOT NULL,
    outgoing      BOOLEAN NOT NULL,
    protocol      TEXT NOT NULL, -- tcp, udp, icmp; empty: any
    ports         TEXT NOT NULL, -- 22,8000-8080; empty: any
    remote_prefix TEXT NOT NULL, -- empty: any
    remote_group  TEXT NOT NULL, -- empty: none
    priority      BIGINT NOT NULL,
    created       TIMESTAMPTZ NOT NULL
);
CREATE INDEX security_group_rules_project ON security_group_rules (project_id, created, id);
CREATE INDEX security_group_rules_group ON security_group_rules (group_id, created, id);
CREATE INDEX security_group_rules_remote ON security_group_rules (remote_group) WHERE remote_group <> '';
-- Existing groups let everything out and nothing in.
INSERT INTO security_group_rules (id, project_id, group_id, description, outgoing, protocol, ports, remote_prefix, remote_group, priority, created)
    SELECT 'e0' || SUBSTR(id, 3), project_id, id, '', TRUE, '', '', '', '', 1, created FROM security_groups;
