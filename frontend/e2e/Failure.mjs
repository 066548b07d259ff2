/** The page is not what it should be. */
export class Failure extends Error {
  name = "Failure";
}
