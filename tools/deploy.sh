#!/bin/sh
# Deploys the throughput scheduler with the AWS CLI alone, for the first time and ever after.
#
#   ./deploy [NAME=VALUE …]     parameters of the template; what is not given keeps its value, or at the first time its default
#
# The first time it asks for the few parameters that matter. It shows the change set, and asks before it carries it out.
# From the environment:
#   STACK    name of the stack, and the owner mark on what it buys (throughput-scheduler)
#   BUCKET   bucket of this Region for the function's code (made, if it is not there: throughput-scheduler-code-ACCOUNT-REGION)
#   YES=1    asks nothing: for pipelines
#   AWS      the AWS CLI (aws); it takes Region and credentials as ever
set -eu
cd "$(dirname "$0")"
# In the repository it lies in tools/, in a release beside the template.
[ -f template.yaml ] || cd ..

STACK=${STACK:-throughput-scheduler}
AWS=${AWS:-aws}
export AWS_PAGER=

say() { echo "$*" >&2; }
fail() { say "error: $*"; exit 1; }
is_person() { [ -z "${YES:-}" ] && [ -t 0 ]; }

# Says $1 with the default $2, and prints what a person answers.
ask() {
  printf '%s [%s]: ' "$1" "$2" >&2
  read -r answer
  echo "${answer:-$2}"
}

# Is the parameter $1 among those that were given, the other arguments?
is_given() {
  name=$1
  shift
  for given in "$@"; do
    case $given in "$name="*) return 0 ;; esac
  done
  return 1
}

for given in "$@"; do
  case $given in
    -*) sed -n '2,/^set /s/^# \{0,1\}//p' "deploy" 2>/dev/null || sed -n '2,/^set /s/^# \{0,1\}//p' tools/deploy.sh; exit 2 ;;
    Architecture=*) fail "Architecture follows from what was built" ;;
    *=*) grep -q "^  ${given%%=*}:\$" template.yaml || fail "the template has no parameter ${given%%=*}" ;;
    *) fail "\`$given\` is no NAME=VALUE" ;;
  esac
done

account=$($AWS sts get-caller-identity --query Account --output text) || fail "who are you? The AWS CLI has no credentials"
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$($AWS configure get region || true)}}
[ -n "$region" ] || fail "which Region? Set AWS_REGION"
say "stack $STACK in $region of account $account"

# What a first deployment leaves when it fails can only be deleted.
status=$($AWS cloudformation describe-stacks --stack-name "$STACK" --query 'Stacks[0].StackStatus' --output text 2>/dev/null || echo NONE)
case $status in
  ROLLBACK_COMPLETE | ROLLBACK_FAILED | DELETE_FAILED)
    fail "the stack is $status and can only be deleted: docs/operations.md says how (\"The first deployment failed\")" ;;
  *_IN_PROGRESS) [ "$status" = REVIEW_IN_PROGRESS ] || fail "the stack is $status: try again when that has ended" ;;
esac

case $status in
  NONE | REVIEW_IN_PROGRESS)
    if is_person; then
      say "This is the first deployment. Enter takes what stands in brackets; everything can be changed later."
      is_given MaxModelUnits "$@" || set -- "$@" "MaxModelUnits=$(ask 'Most model units of one commitment' 1)"
      is_given MaxTotalModelUnits "$@" || set -- "$@" "MaxTotalModelUnits=$(ask 'Most model units of all together, empty for no limit' '')"
      is_given AllowedModels "$@" || set -- "$@" "AllowedModels=$(ask 'Models that may be bought' '*')"
      is_given AlarmEmail "$@" || is_given AlarmTopicArn "$@" \
        || set -- "$@" "AlarmEmail=$(ask 'Address that is told of alarms, empty for none' '')"
    fi ;;
esac

# The bucket is expected to be this account's: a name that somebody else has taken gets no code of ours.
bucket=${BUCKET:-throughput-scheduler-code-$account-$region}
if ! $AWS s3api head-bucket --bucket "$bucket" --expected-bucket-owner "$account" >/dev/null 2>&1; then
  [ -z "${BUCKET:-}" ] || fail "there is no bucket $bucket in this account, or you may not use it"
  say "making the bucket $bucket"
  $AWS s3 mb "s3://$bucket" --region "$region" >&2
  $AWS s3api put-public-access-block --bucket "$bucket" --public-access-block-configuration \
    BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
fi

packaged=$(mktemp)
trap 'rm -f "$packaged"' EXIT
$AWS cloudformation package --template-file template.yaml --s3-bucket "$bucket" --s3-prefix "$STACK" \
  --output-template-file "$packaged" >/dev/null

# `deploy` asks CloudFormation to keep the value of each parameter that is not named here.
architecture=$(cat architecture 2>/dev/null || cat target/lambda/architecture)
made=$($AWS cloudformation deploy --template-file "$packaged" --stack-name "$STACK" --capabilities CAPABILITY_IAM \
  --no-execute-changeset --no-fail-on-empty-changeset --parameter-overrides "Architecture=$architecture" "$@")
changes=$(echo "$made" | sed -n 's/.*--change-set-name \(arn:[^ ]*\).*/\1/p')
if [ -z "$changes" ]; then
  say "nothing to change"
  exit 0
fi

$AWS cloudformation describe-change-set --change-set-name "$changes" --output table \
  --query 'Changes[].ResourceChange.{"1 Action":Action,"2 Resource":LogicalResourceId,"3 Type":ResourceType,"4 Replaced":Replacement}'
$AWS cloudformation describe-change-set --change-set-name "$changes" --output table \
  --query 'Parameters[].{"1 Parameter":ParameterKey,"2 Value":ParameterValue}'
if is_person && [ "$(ask 'Carry this out? yes or no' no)" != yes ]; then
  $AWS cloudformation delete-change-set --change-set-name "$changes"
  say "nothing was changed"
  exit 1
fi

$AWS cloudformation execute-change-set --change-set-name "$changes"
case $status in NONE | REVIEW_IN_PROGRESS) wait=stack-create-complete ;; *) wait=stack-update-complete ;; esac
say "waiting for CloudFormation: some minutes"
if ! $AWS cloudformation wait "$wait" --stack-name "$STACK"; then
  $AWS cloudformation describe-stack-events --stack-name "$STACK" --output table \
    --query "StackEvents[?contains(ResourceStatus,'FAILED')].[LogicalResourceId,ResourceStatusReason]" | head -40
  fail "the deployment failed; docs/operations.md says what to do"
fi
$AWS cloudformation describe-stacks --stack-name "$STACK" --query 'Stacks[0].Outputs[].[OutputKey,OutputValue]' --output table
