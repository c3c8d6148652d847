package deploy

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// leftovers looks for what has a name that the template gives, or that
// CloudFormation makes of it. The names end as those do: the bucket of stack
// parley-test is none of stack parley.
func (s *Stack) leftovers(ctx context.Context, d *Destroyed) {
	d.Leftovers, d.Unseen = []string{}, []string{}
	for _, look := range []struct {
		what string
		find func(context.Context) ([]string, error)
	}{
		{"stack", s.leftStack}, {"bucket", s.leftBuckets}, {"table", s.leftTables}, {"log group", s.leftLogGroups},
	} {
		names, err := look.find(ctx)
		if err != nil {
			d.Unseen = append(d.Unseen, look.what+"s: "+s.explain("look for them", err).Error())
		}
		for _, name := range names {
			d.Leftovers = append(d.Leftovers, look.what+" "+name)
		}
	}
}

func (s *Stack) leftStack(ctx context.Context) ([]string, error) {
	st, err := s.describe(ctx, s.Name)
	if err != nil || !st.exists() {
		return nil, err
	}
	return []string{s.Name + ", " + string(st.status)}, nil
}

func (s *Stack) leftBuckets(ctx context.Context) (left []string, err error) {
	site := strings.ToLower(s.Name) + "-websitebucket-"
	pages := s3.NewListBucketsPaginator(s.s3, &s3.ListBucketsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return left, err
		}
		for _, b := range page.Buckets {
			if name := aws.ToString(b.Name); name == s.artifactsBucket() || strings.HasPrefix(name, site) {
				left = append(left, name)
			}
		}
	}
	return left, nil
}

func (s *Stack) leftTables(ctx context.Context) ([]string, error) {
	name := s.table()
	_, err := s.dynamodb.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	if isCode(err, "ResourceNotFoundException") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []string{name}, nil
}

// leftLogGroups finds groups that a function has made again by a last line
// after its group was deleted; ours may not, others with this name might.
func (s *Stack) leftLogGroups(ctx context.Context) (left []string, err error) {
	prefix := "/aws/lambda/" + s.Name + "-"
	names, err := s.logs.groups(ctx, prefix)
	for _, name := range names {
		if !strings.Contains(strings.TrimPrefix(name, prefix), "-") { // else of stack parley-something
			left = append(left, name)
		}
	}
	return left, err
}
