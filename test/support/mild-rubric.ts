/** A rubric for tests of policies: it asks nothing that the judge model of the tests would find. */

export const MILD = `name: mild
version: 1
criteria:
  - id: rude
    question: Is someone rude?
    definition: Insults.
    violating: [an insult]
    allowed: [a joke]
    scale: binary
    threshold: 1
    weight: 1
    severity: high
`;
