-- A replaced row is marked where it stands and moved to its history with many others: moving each
-- at once reads every column of every part of the table that holds one.
-- In three steps each, as adding a column with its default sets options, which are locked.

ALTER TABLE customer ADD COLUMN "superseded" BOOLEAN;
ALTER TABLE customer ALTER COLUMN "superseded" SET DEFAULT false;
UPDATE customer SET "superseded" = false;

ALTER TABLE agent ADD COLUMN "superseded" BOOLEAN;
ALTER TABLE agent ALTER COLUMN "superseded" SET DEFAULT false;
UPDATE agent SET "superseded" = false;

ALTER TABLE response ADD COLUMN "superseded" BOOLEAN;
ALTER TABLE response ALTER COLUMN "superseded" SET DEFAULT false;
UPDATE response SET "superseded" = false;

ALTER TABLE invitation ADD COLUMN "superseded" BOOLEAN;
ALTER TABLE invitation ALTER COLUMN "superseded" SET DEFAULT false;
UPDATE invitation SET "superseded" = false;

ALTER TABLE ticket ADD COLUMN "superseded" BOOLEAN;
ALTER TABLE ticket ALTER COLUMN "superseded" SET DEFAULT false;
UPDATE ticket SET "superseded" = false;

ALTER TABLE subscription ADD COLUMN "superseded" BOOLEAN;
ALTER TABLE subscription ALTER COLUMN "superseded" SET DEFAULT false;
UPDATE subscription SET "superseded" = false;

ALTER TABLE activity ADD COLUMN "superseded" BOOLEAN;
ALTER TABLE activity ALTER COLUMN "superseded" SET DEFAULT false;
UPDATE activity SET "superseded" = false;

ALTER TABLE review ADD COLUMN "superseded" BOOLEAN;
ALTER TABLE review ALTER COLUMN "superseded" SET DEFAULT false;
UPDATE review SET "superseded" = false;

ALTER TABLE training ADD COLUMN "superseded" BOOLEAN;
ALTER TABLE training ALTER COLUMN "superseded" SET DEFAULT false;
UPDATE training SET "superseded" = false;

ALTER TABLE event ADD COLUMN "superseded" BOOLEAN;
ALTER TABLE event ALTER COLUMN "superseded" SET DEFAULT false;
UPDATE event SET "superseded" = false;
