/* The cheapest program there is: what sigward-image-verifier is compared with. */
int main(void) {
  return 0;
}
